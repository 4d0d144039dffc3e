"""The load of a run: the truth about it, and the generator that sends it."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flumelab.experiments.experiment import Experiment
from flumelab.experiments.truth import Truth
from flumelab.runtimes.local import LocalRuntime

EXTRA_LINES = 100  # that another program appends to a file
TRY_AGAIN_SECONDS = 1


def truth_of(experiment: Experiment, root: Path, folder: Path) -> tuple[Truth, bytes]:
    """Generate the load apart from the lab; return it, and the lines that a change of a file adds.

    These lines are part of the truth: their writer wants them counted, too.
    """
    load, spool = experiment.load, folder / "truth"
    spool.mkdir()
    _generate(root, spool, load.lines, load.seed)
    extra = b""
    if experiment.does("change-file"):
        _generate(root, spool, EXTRA_LINES, load.seed + 1)
        extra = max(spool.glob("*.log")).read_bytes()
    found = Truth.read(spool)
    shutil.rmtree(spool)
    spool.with_suffix(".jsonl").unlink(missing_ok=True)
    return found, extra


class Feed:
    """The generator, in a thread.

    :param generated: returns how many lines are in the spool directory by now
    """

    def __init__(
        self, experiment: Experiment, runtime: LocalRuntime, generated: Callable[[], int]
    ) -> None:
        self._load, self._runtime, self._generated = experiment.load, runtime, generated
        self._again = experiment.does("fill", "spool")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        """Whether there are lines to come."""
        return self._thread.is_alive()

    def _run(self) -> None:
        load = self._load
        options = ["--rate", str(load.rate), "--seed", str(load.seed), "--lines", str(load.lines)]
        while self._runtime.feed(options, None, quiet=True) and self._again:
            time.sleep(TRY_AGAIN_SECONDS)  # the disk is full, and may have room later


def _generate(root: Path, spool: Path, lines: int, seed: int) -> None:
    ledger = spool.with_suffix(".jsonl")
    options = ["--spool", str(spool), "--ledger", str(ledger), "--lines", str(lines)]
    command = [sys.executable, "-m", "loadgen", *options, "--seed", str(seed)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
