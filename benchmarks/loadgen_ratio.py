"""How fast the generator writes, against the 200,000 lines/s that a lab may need.

Prints ``loadgen_ratio: R``: the median lines/s of five runs of 1,000,000 lines at rate 0, including
files, fsync and ledger, over 200,000. BENCH_LINES: [1000000].
"""

import json
import subprocess
import sys
import tempfile

from support import ROOT
from support.harness import medians, size

LINES = size("BENCH_LINES", 1_000_000)
RUNS = 5
NEEDED_LINES_PER_SECOND = 200_000


def lines_per_second() -> float:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as ledger:
        places = ["--spool", folder, "--ledger", f"{ledger}/ledger.jsonl"]
        command = [sys.executable, "-m", "loadgen", *places, "--lines", str(LINES), "--json"]
        out = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        return float(json.loads(out)["lines_per_second"])


if __name__ == "__main__":
    speed = medians({"loadgen": lines_per_second}, "lines/s", RUNS)["loadgen"]
    print(f"loadgen_ratio: {speed / NEEDED_LINES_PER_SECOND:.2f}")
