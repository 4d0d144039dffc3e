"""What an experiment needs of the machine, beyond what the local runtime needs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flumelab.errors import LabError
from flumelab.experiments.experiment import Experiment
from flumelab.runtimes.servers import mariadb_server

ROOM, SPARE_BYTES = "1g", 64 << 10
FAKETIME = "libfaketime.so.1"
_FAKETIME_FOLDERS = ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")


class CannotRun(LabError):
    """The machine lacks something; says what, and how to get it."""


class Disk:
    """A file system of its own for one folder, which can be full; needs root on Linux."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Mount it inside the block; raises `CannotRun`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(self._folder))
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(self._folder)], check=False, capture_output=True)

    def fill(self) -> None:
        """Leave 64 KiB."""
        full = os.statvfs(self._folder)
        used = (full.f_blocks - full.f_bfree) * full.f_frsize
        _mount("-o", f"remount,size={used + SPARE_BYTES}", str(self._folder))

    def empty(self) -> None:
        """Make room again."""
        _mount("-o", f"remount,size={ROOM}", str(self._folder))


class Clock:
    """The clock of the lab's JVMs, which libfaketime can set back; the machine's stays."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def variables(self) -> dict[str, str]:
        """The variables with which the processes have to start; raises `CannotRun`."""
        self.set_back(0)
        return {
            "LD_PRELOAD": str(_faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",  # s until a change of the file is noticed
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_ONLY_CMDS": "java",  # py4j does not survive it
        }

    def set_back(self, seconds: float) -> None:
        """Set it back from now on; 0 sets it right."""
        self._file.write_text(f"{-seconds:+.0f}\n")


def require(experiment: Experiment) -> None:
    """Raise `CannotRun` if this machine cannot run the experiment."""
    if "db" in experiment.servers and not mariadb_server():
        raise CannotRun("needs a MariaDB server; apt-get install mariadb-server")
    if experiment.does("fill") and (os.geteuid() or not shutil.which("mount")):
        raise CannotRun("needs a disk of its own, which only root on Linux may mount; use sudo")
    if experiment.does("clock-back"):
        _faketime()


def _faketime() -> Path:
    found = (file for folder in _FAKETIME_FOLDERS for file in Path(folder).rglob(FAKETIME))
    if file := next(found, None):
        return file
    raise CannotRun("needs libfaketime, which sets a clock back for the lab alone; "
                    "apt-get install libfaketime")  # fmt: skip


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRun(f"needs a disk of its own, and cannot mount it: {done.stderr.strip()}")
