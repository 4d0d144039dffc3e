"""Ends a run's processes when the run itself is killed and cannot do it.

    python -m flumelab.own.guard PID STARTED FOLDER

It waits until the process is gone that has this pid and start time. `FOLDER` is that of the run. A
run that ends by itself has ended its processes, and ends its guard, too.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from flumelab.errors import LabError
from flumelab.own.run_guards import alone
from flumelab.own.services import FLUME, PROGRAM
from flumelab.runtimes.processes import Processes

STOP_SECONDS_MAX = 15


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Start a guard for the run of this process in a folder, and end it afterwards."""
    me = psutil.Process()
    given = [str(me.pid), str(me.create_time()), str(folder)]
    guard = subprocess.Popen(
        [sys.executable, "-m", "flumelab.own.guard", *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the run alone
    )
    try:
        yield
    finally:
        guard.kill()
        guard.wait()


def main(pid: int, started: float, folder: Path) -> None:
    """Wait for the end of a run, then end what it has left."""
    with contextlib.suppress(psutil.NoSuchProcess):
        run = psutil.Process(pid)
        if run.create_time() == started:
            run.wait()
    # A new run in this folder has its lock, and ends by itself what the old one has left.
    with contextlib.suppress(LabError), alone(folder):
        for service in (FLUME, PROGRAM):
            Processes(folder).stop(service, STOP_SECONDS_MAX)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
