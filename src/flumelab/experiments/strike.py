"""Does a fault to a running lab, and heals it."""

import contextlib
from collections.abc import Iterator

import psutil

from flumelab.errors import LabError
from flumelab.experiments.experiment import Experiment, Fault
from flumelab.experiments.lab import Lab
from flumelab.experiments.needs import Clock, Disk
from flumelab.runtimes.processes import (
    KILL_SECONDS_MAX,
    SERVICE_VARIABLE,
    Processes,
    all_processes,
    kill,
    wait_until_ended,
)

STOP_SECONDS_MAX = 45
SOURCE_RUNNER = "pyspark.sql.streaming.python_streaming_source_runner"
COMPLETED = ".COMPLETED"


class Striker:
    """The hand that breaks one lab.

    :param extra: the lines that another program appends to a file that Flume reads
    """

    def __init__(self, lab: Lab, clock: Clock, extra: bytes) -> None:
        self._lab, self._clock, self._extra = lab, clock, extra
        self._runtime, self._lesson, self._state = lab.runtime, lab.lesson, lab.state
        self.has_stopped = False
        """Whether Flume was stopped in good order, and has to be started again."""
        self.disks = {name: Disk(lab.state / name) for name in ("spool", "landing")}

    def strike(self, fault: Fault) -> None:
        """Do it; raises `LabError` if it cannot be done."""
        match fault.verb:
            case "kill":
                self._kill(fault.target)
            case "stop":
                self._stop_flume()
            case "fill":
                self.disks[fault.target].fill()
            case "clock-back":
                self._clock.set_back(fault.seconds)
            case "change-file":
                self._append()

    def heal(self, experiment: Experiment) -> None:
        """Undo what does not end by itself, but start nothing."""
        for fault in experiment.faults:
            if fault.verb == "fill":
                self.disks[fault.target].empty()
            if fault.verb == "clock-back":
                self._clock.set_back(0)
            if fault.verb == "change-file":  # a restart is the only way to go on
                self._stop_flume()

    def _stop_flume(self) -> None:
        Processes(self._state).stop("flume", STOP_SECONDS_MAX)
        self.has_stopped = True

    def _kill(self, part: str) -> None:
        match part:
            case "python-worker":
                found = [each for each in self._children() if _runs_tasks(each)]
                if not found:
                    raise LabError(f"no {part} runs that could be killed")
                kill(found)
                wait_until_ended(found, KILL_SECONDS_MAX)
            case "worker":
                self._kill_worker()
            case "driver":
                self._runtime.kill(self._lesson.program.service)
            case "database":
                self._runtime.kill("db")
            case _:
                self._runtime.kill(part)

    def _kill_worker(self) -> None:
        cluster = self._lab.cluster
        if not cluster:
            raise LabError("the lab has no workers; write cluster = true")
        cluster.kill_the_worker_that_listens(self._lab.settings.receiver_port)

    def _children(self) -> Iterator[psutil.Process]:
        label = f"{self._state}:{self._lesson.program.service}"
        for process in all_processes():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(SERVICE_VARIABLE) == label:
                    yield process

    def _append(self) -> None:
        files = [
            file
            for file in (self._state / "spool").iterdir()
            if not file.name.startswith(".") and not file.name.endswith(COMPLETED)
        ]
        if not files:
            raise LabError("Flume has read every file, so none could change while it is read")
        with min(files, key=lambda file: file.stat().st_mtime_ns).open("ab") as file:
            file.write(self._extra)


def _runs_tasks(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        parent = process.parent()
        runs_tasks = parent is not None and "pyspark.daemon" in parent.cmdline()
        return runs_tasks or SOURCE_RUNNER in process.cmdline()
    return False
