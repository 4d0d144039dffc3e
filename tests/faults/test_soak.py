"""The short form of `make soak`: each part is killed once under load, and the ledger balances.

Whether anything grows shows only in the long form.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.lab import ROOT, LocalLab

OPTIONS = ["--minutes", "0.6", "--rate", "5000", "--kill-seconds", "9"]
LINES = 180_000
SECONDS_MAX = 300


def test_load_with_a_kill_of_each_part_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    found = tmp_path / "soak.json"
    with LocalLab(tmp_path) as lab:
        done = subprocess.run(
            [sys.executable, "-m", "tools.soak", *OPTIONS, "--json", str(found)],
            env=lab.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "soak: passed"
    result = json.loads(found.read_text())
    assert result["passed"] is True
    assert result["kills"] == {"agent": 1, "receiver": 1, "driver": 1}
    assert (result["ledger"]["generated"], result["ledger"]["counted"]) == (LINES, LINES)
