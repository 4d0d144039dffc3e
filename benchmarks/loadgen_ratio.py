"""How fast the generator writes, against the 200,000 lines/s that a lab may ask of it.

Prints ``loadgen_ratio: R``: the median of five runs of 1,000,000 lines at rate 0, files, fsync and
ledger included, over 200,000.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINES = 1_000_000
RUNS = 5
ASKED_LINES_PER_SECOND = 200_000


def lines_per_second() -> float:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as ledger:
        places = ["--spool", folder, "--ledger", f"{ledger}/ledger.jsonl"]
        command = [sys.executable, "-m", "loadgen", *places, "--lines", str(LINES), "--json"]
        out = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        return float(json.loads(out)["lines_per_second"])


if __name__ == "__main__":
    speeds = sorted(lines_per_second() for _ in range(RUNS))
    print(f"loadgen: {speeds[0]:,.0f} to {speeds[-1]:,.0f} lines/s in {RUNS} runs")
    print(f"loadgen_ratio: {statistics.median(speeds) / ASKED_LINES_PER_SECOND:.2f}")
