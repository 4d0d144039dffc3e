"""The folder that a lab of the local runtime writes to.

.lab/local/  spool/  ledger.jsonl  metrics/  channel/  landing/  checkpoint/  results.db  logs/
             lesson (the name of the lesson that was started last)  exercise.json (if one runs)
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flumelab.errors import LabError


class StateFolder:
    """The paths in a lab's state folder, named after what they hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.ledger = folder / "ledger.jsonl"
        self.metrics = folder / "metrics"
        self.channel = folder / "channel"
        self.landing = folder / "landing"
        self.checkpoints = folder / "checkpoint"
        self.logs = folder / "logs"
        self.lesson = folder / "lesson"
        self.exercise = folder / "exercise.json"
        self.cut = folder / "cut"  # while it exists, the link is cut

    @property
    def results_url(self) -> str:
        """SQLAlchemy's URL of the result store, unless `RESULTS_URL` names another one."""
        return os.environ.get("RESULTS_URL", f"sqlite:///{self.folder / 'results.db'}")

    @property
    def ledger_options(self) -> list[str]:
        """The options that tell `loadgen.expected` where the ledger is."""
        return ["--ledger", str(self.ledger)]

    @property
    def generator_options(self) -> list[str]:
        """The options that tell `loadgen` where the spool directory and the ledger are."""
        return ["--spool", str(self.spool), *self.ledger_options]

    def create(self) -> None:
        """Create the folders that the services expect."""
        for folder in (self.spool, self.metrics, self.checkpoints):
            folder.mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Prevent other `flumelab` processes from starting or stopping this lab meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LabError(
                    f"{self.folder}: another flumelab is starting or stopping this lab; wait for it"
                ) from None
            yield
