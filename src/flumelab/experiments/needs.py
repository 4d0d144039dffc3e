"""What an experiment needs of the machine, beyond what the local runtime needs."""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flumelab.errors import LabError
from flumelab.experiments.experiment import Experiment
from flumelab.runtimes.servers import mariadb_server

ROOM, SPARE_BYTES = "1g", 64 << 10


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
    """The time of day of the lab's processes, which can be set back; the machine's clock stays.

    :param folder: for the library that the processes load, and the offset that it reads
    """

    def __init__(self, folder: Path) -> None:
        self._offset, self._library = folder / "clock-offset", folder / "set_back.so"

    def variables(self, root: Path) -> dict[str, str]:
        """Build the library; return the variables with which the processes have to start."""
        self.set_back(0)
        source = root / "experiments/clock/set_back.c"
        command = [_compiler(), "-O2", "-shared", "-fPIC", "-o", str(self._library), str(source)]
        done = subprocess.run([*command, "-ldl"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotRun(f"cannot compile {source}: {done.stderr.strip().splitlines()[-1]}")
        return {"LD_PRELOAD": str(self._library), "CLOCK_OFFSET": str(self._offset)}

    def set_back(self, seconds: float) -> None:
        """Set it back from now on; 0 sets it right."""
        # In place: the processes have this very file mapped.
        with self._offset.open("r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("=q", -int(seconds)))

    def remove(self) -> None:
        """Remove both files."""
        for file in (self._offset, self._library):
            file.unlink(missing_ok=True)


def require(experiment: Experiment) -> None:
    """Raise `CannotRun` if this machine cannot run the experiment."""
    if "db" in experiment.servers and not mariadb_server():
        raise CannotRun("needs a MariaDB server; apt-get install mariadb-server")
    if experiment.does("fill") and (os.geteuid() or not shutil.which("mount")):
        raise CannotRun("needs a disk of its own, which only root on Linux may mount; use sudo")
    if experiment.does("clock-back"):
        _compiler()


def _compiler() -> str:
    if sys.platform.startswith("linux") and (compiler := shutil.which("cc")):
        return compiler
    raise CannotRun(
        "needs Linux and a C compiler, for a library that sets the clock back for the lab alone; "
        "apt-get install gcc libc6-dev"
    )


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRun(f"needs a disk of its own, and cannot mount it: {done.stderr.strip()}")
