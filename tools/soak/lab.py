"""The lab of a soak: the local runtime with retention, and the load."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from flumelab import doctor
from flumelab.errors import LabError
from flumelab.ledger import Balance, balance
from flumelab.lessons import catalogue
from flumelab.lessons.catalogue import Input, Lesson, Program
from flumelab.runtimes.local import LocalRuntime
from flumelab.runtimes.local_start import Launch, LessonServices
from flumelab.runtimes.local_state import StateFolder
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings

PARTS = {"agent": "flume", "receiver": "receiver", "driver": "structured"}
"""What is killed in turn, and the name of its service."""
PROGRAM = "../tools/soak/url_counts_with_consumers.py"
# The log keeps what a query still needs; small segments show within minutes that it shrinks.
RETENTION = ("--retention", "commit", "--segment-bytes", str(16 << 20))
FINISHED_SECONDS = 30  # for which a file stays that Flume has read to its end
BALANCE_SECONDS_MAX = 300
BALANCE_POLL_SECONDS = 2


class _Services(LessonServices):
    """The services of the lesson, whose receiver removes what both queries have committed."""

    def _receiver(self) -> Launch:
        launch = super()._receiver()
        return replace(launch, command=[*launch.command, *RETENTION])


class _Runtime(LocalRuntime):
    def services_of(self, lesson: Lesson) -> LessonServices:
        return _Services(lesson, self._settings, self._state)


class SoakLab:
    """A lab in a state folder of its own, on the ports of the lab."""

    def __init__(self, settings: Settings, report: Report) -> None:
        self._settings = replace(settings, state=settings.state / "soak")
        self._report = report
        self.state = StateFolder(self._settings.state / "local")
        self._runtime = _Runtime(self._settings)
        self._processes = Processes(self.state.folder)
        self._lesson = replace(
            catalogue.find("structured"),
            programs=(Program(PROGRAM, PARTS["driver"], Input.LANDING),),
        )
        self.removed_lines = 0

    def start(self) -> None:
        """Start it empty; raises `LabError`."""
        self._runtime.wipe(self._report)
        checks = doctor.examine("local", self._settings, ports=True)
        if missing := [check for check in checks if not check.ok]:
            told = "; ".join(f"{check.name}: {check.remedy}" for check in missing)
            raise LabError(f"the soak needs {told}")
        self._runtime.build(self._report)
        self._runtime.up(self._lesson, self._report)

    @contextlib.contextmanager
    def load(self, lines: int, rate: float, seed: int) -> Iterator["subprocess.Popen[bytes]"]:
        """Let lines come within the block, from a process that ends after the last one."""
        size = ["--lines", str(lines), "--rate", str(rate), "--seed", str(seed)]
        command = [sys.executable, "-m", "loadgen", *self.state.generator_options, *size]
        with (self.state.logs / "loadgen.log").open("wb") as log:
            generator = subprocess.Popen(command, cwd=self._settings.root, stdout=log, stderr=log)
        try:
            yield generator
        finally:
            generator.kill()
            generator.wait()

    def kill(self, part: str) -> float:
        """Kill a part (SIGKILL), and start it again as a supervisor would; return the seconds."""
        began = time.monotonic()
        self._runtime.kill(PARTS[part])
        self._go_on()
        return time.monotonic() - began

    def revive(self) -> list[str]:
        """Start again what has ended by itself, and return it."""
        ended = [each.name for each in self._runtime.services() if each.state == "stopped"]
        if ended:
            self._go_on()
        return ended

    def processes(self, part: str) -> list[psutil.Process]:
        """A part's processes; empty if it does not run."""
        record = self._processes.running().get(PARTS[part])
        if not record:
            return []
        try:
            process = psutil.Process(record.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def counted(self) -> int:
        """The lines in the result store."""
        counts = self._runtime.counts()
        return counts.total + counts.malformed

    def remove_finished_files(self) -> None:
        """Remove files that Flume has finished a while ago, as a user's cron job would.

        Flume keeps them for ever. A name is never used again, so a removed file cannot be taken for
        a new one.
        """
        for file in self.state.spool.glob("*.COMPLETED"):
            status = file.stat()
            if time.time() - max(status.st_mtime, status.st_ctime) > FINISHED_SECONDS:
                self.removed_lines += file.read_bytes().count(b"\n")
                file.unlink()

    def settle(self) -> tuple[Balance, list[str]]:
        """Wait until everything is counted, stop the lab, and compare.

        Return the balance, and the parts that have ended by themselves meanwhile.

        A part that is stopped first finishes what it has received, so nothing can come afterwards.
        """
        ended: list[str] = []
        deadline = time.monotonic() + BALANCE_SECONDS_MAX
        while not self._balance().balanced and time.monotonic() < deadline:
            ended += self.revive()
            time.sleep(BALANCE_POLL_SECONDS)
        self._runtime.down(self._report)
        return self._balance(), ended

    def end(self) -> None:
        """Kill what still runs; the state stays."""
        for name in self._processes.running():
            with contextlib.suppress(LabError):
                self._runtime.kill(name)

    def remove(self) -> None:
        """Leave nothing."""
        self._runtime.wipe(self._report)

    def _balance(self) -> Balance:
        hops = self._runtime.hop_counts()
        return balance(replace(hops, spooled=hops.spooled + self.removed_lines))

    def _go_on(self) -> None:
        self._runtime.up(self._lesson, lambda _: None)


def bytes_in(folder: Path) -> int:
    """The size of all files in a folder, some of which may go meanwhile."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total
