"""The load of a run: the truth about it, and the generator that sends it."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from flumelab.experiments.evidence import Evidence
from flumelab.experiments.experiment import Experiment
from flumelab.experiments.truth import Truth
from flumelab.experiments.watch import Counts
from flumelab.runtimes.local import LocalRuntime

EXTRA_LINES = 100  # that another program appends to a file
TRY_AGAIN_SECONDS = 1


def truth_of(experiment: Experiment, root: Path, folder: Path) -> tuple[Truth, list[bytes]]:
    """Generate the load apart from the lab; return the truth about it, and its lines.

    At the end are those that a change of a file adds. They are part of the truth: their writer
    wants them counted, too.
    """
    load, spool = experiment.load, folder / "truth"
    spool.mkdir()
    _generate(root, spool, load.lines, load.seed)
    if experiment.does("change-file"):
        _generate(root, spool, EXTRA_LINES, load.seed + 1)
    files = sorted(spool.glob("*.log"))
    lines = [line for file in files for line in file.open("rb")]
    shutil.rmtree(spool)
    spool.with_suffix(".jsonl").unlink(missing_ok=True)
    return Truth(line.rstrip(b"\n") for line in lines), lines


class Feed:
    """The generator, in a thread.

    If it fails because the disk is full, it goes on where it was, as a writer with a buffer does.

    :param seen: knows how many lines are in the spool directory by now
    :param rest: a file for the lines that are left
    :param lines: all lines of the load
    """

    def __init__(
        self,
        experiment: Experiment,
        runtime: LocalRuntime,
        seen: Counts,
        rest: Path,
        lines: Sequence[bytes],
        evidence: Evidence,
    ) -> None:
        self._load, self._runtime, self._seen = experiment.load, runtime, seen
        self._again = experiment.does("fill", "spool")
        self._rest, self._lines, self._evidence = rest, lines, evidence
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        """Whether there are lines to come."""
        return self._thread.is_alive()

    def _run(self) -> None:
        load, rate = self._load, ["--rate", str(self._load.rate)]
        seeded = ["--seed", str(load.seed), "--lines", str(load.lines)]
        failed = self._runtime.feed([*rate, *seeded], None, quiet=True)
        while failed and self._again:
            self._evidence.note("unwritten")
            time.sleep(TRY_AGAIN_SECONDS)  # the disk is full, and may have room later
            self._rest.write_bytes(b"".join(self._lines[self._seen.generated : load.lines]))
            failed = self._runtime.feed(rate, self._rest, quiet=True)
        self._rest.unlink(missing_ok=True)


def _generate(root: Path, spool: Path, lines: int, seed: int) -> None:
    ledger = spool.with_suffix(".jsonl")
    options = ["--spool", str(spool), "--ledger", str(ledger), "--lines", str(lines)]
    command = [sys.executable, "-m", "loadgen", *options, "--seed", str(seed)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
