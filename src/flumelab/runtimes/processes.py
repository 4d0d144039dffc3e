"""Long-running processes of the local runtime, which outlive the command that starts them.

A later command identifies a process by its pid and its start time, because the system reuses pids.
It identifies the process's children, which may outlive it, by a variable in their environment.
"""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from flumelab.errors import LabError

LOG_TAIL_LINES = 15
SERVICE_VARIABLE = "FLUMELAB_SERVICE"
"""In the environment of each process: ``STATE_FOLDER:SERVICE``."""
KILL_SECONDS_MAX = 5  # from kill -9 until the last port is closed
END_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Record:
    """A process that was started: its pid, its start time (a Unix time) and its log file."""

    pid: int
    started: float
    log: str


class Processes:
    """The processes of one state folder, by service, as recorded in ``processes.json``."""

    def __init__(self, state: Path) -> None:
        self._file = state / "processes.json"
        self._logs = state / "logs"

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """Start a service; its output replaces ``logs/NAME.log``."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self.log(name)
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=dict(env) | {SERVICE_VARIABLE: self._label(name)},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = psutil.Process(process.pid).create_time()
        self._write(self._read() | {name: Record(process.pid, started, str(log))})

    def running(self) -> dict[str, Record]:
        """The services that are alive, in the order of their start."""
        return {name: record for name, record in self._read().items() if _alive(record)}

    def dead(self) -> dict[str, Record]:
        """The services that have ended although nobody stopped them."""
        return {name: record for name, record in self._read().items() if not _alive(record)}

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for a service; if it ends or is late, raise `LabError` with the end of its log."""
        record = self._read()[name]
        deadline = time.monotonic() + seconds
        while not ready():
            if not _alive(record):
                raise LabError(f"{name} ended while it was starting:\n{self.log_tail(name)}")
            if time.monotonic() > deadline:
                raise LabError(f"{name} is not ready after {seconds:.0f} s:\n{self.log_tail(name)}")
            time.sleep(0.1)

    def stop(self, name: str, seconds: float) -> bool:
        """End a service and its children; return False if the service had to be killed.

        A command that was killed right after it had started the service has left no record of it:
        such a service is killed.
        """
        records = self._read()
        record = records.pop(name, None)
        clean = _end(record, self._label(name), seconds) if record else not self._killed(name)
        self._write(records)
        return clean

    def kill(self, name: str) -> None:
        """Kill a service and its children (SIGKILL); it then counts as dead, not as stopped.

        Raises `LabError` if it does not run.
        """
        record = self.running().get(name)
        if not record:
            raise LabError(f"{name} does not run; flumelab status shows what runs")
        self._killed(name)
        _reap(record.pid)

    def _killed(self, name: str) -> bool:
        """Kill what belongs to a service; return whether there was anything."""
        killed = [each for each in all_processes() if _has_label(each, self._label(name))]
        kill(killed)
        wait_until_ended(killed, KILL_SECONDS_MAX)
        return bool(killed)

    def log(self, name: str) -> Path:
        """The file to which the service writes its output; it may not exist."""
        return self._logs / f"{name}.log"

    def log_tail(self, name: str) -> str:
        """The last lines of a service's log, indented."""
        log = self.log(name)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(f"  {line}" for line in lines[-LOG_TAIL_LINES:]) + f"\n  ({log})"

    def _label(self, name: str) -> str:
        return f"{self._file.parent}:{name}"

    def _read(self) -> dict[str, Record]:
        try:
            records = json.loads(self._file.read_text())
            return {name: Record(**record) for name, record in records.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise LabError(
                f"{self._file} is damaged ({error}); end the lab's processes if any are left,"
                " then remove it"
            ) from error

    def _write(self, records: Mapping[str, Record]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({name: asdict(record) for name, record in records.items()}))
        new.replace(self._file)


def all_processes() -> Iterator[psutil.Process]:
    """Every process of this machine.

    psutil caches the processes that it has found. If a pid has been reused, it takes the new
    process for the old one, which has ended, and refuses to kill it.
    """
    psutil.process_iter.cache_clear()
    return psutil.process_iter()


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes (SIGKILL); it is no error if one of them has already ended."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def wait_until_ended(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until processes have ended; return those that still run after `seconds`.

    `psutil.wait_procs` also waits until their exit codes have been read. Those of orphans are read
    by process 1, which in a virtual machine may do it every few seconds, and in a container never.
    """
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left := [each for each in left if not _is_gone(each)]:
        if time.monotonic() > deadline:
            break
        time.sleep(END_POLL_SECONDS)
    return left


def _is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or has_ended(process)
    except psutil.NoSuchProcess:
        return True


def has_ended(process: psutil.Process) -> bool:
    """Whether only the exit code of a process is left; raises `psutil.NoSuchProcess`.

    The main thread of a killed JVM ends before its other threads, which still hold the ports.
    """
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


def _alive(record: Record) -> bool:
    return _find(record) is not None


def _find(record: Record) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started) < 0.01
        return process if same and not has_ended(process) else None
    except psutil.NoSuchProcess:
        return None


def _end(record: Record, label: str, seconds: float) -> bool:
    clean = True
    if process := _find(record):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
        clean = not wait_until_ended([process], seconds)
    # A service ends its own children; any that are left would hold its ports.
    left = [process for process in all_processes() if _has_label(process, label)]
    kill(left)
    wait_until_ended(left, KILL_SECONDS_MAX)
    _reap(record.pid)
    deadline = time.monotonic() + KILL_SECONDS_MAX
    while _has_dying(record.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return clean


def _has_label(process: psutil.Process, label: str) -> bool:
    try:
        return bool(process.environ().get(SERVICE_VARIABLE) == label)
    except psutil.Error:
        return False


def _has_dying(session: int) -> bool:
    """Whether a killed process of a session has not closed its ports yet.

    Its environment, and so its label, is gone before its ports are.
    """
    return any(_is_dying(process, session) for process in all_processes())


def _is_dying(process: psutil.Process, session: int) -> bool:
    try:
        if os.getsid(process.pid) != session or has_ended(process):
            return False
        return not process.environ()
    except psutil.ZombieProcess:
        return True
    except (psutil.Error, OSError):
        return False


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # another flumelab process is its parent
