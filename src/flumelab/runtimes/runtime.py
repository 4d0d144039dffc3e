"""The protocol `Runtime`: what the lab's commands need from the place where the lab runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from flumelab.counts import Counts
from flumelab.errors import LabError
from flumelab.ledger import HopCounts
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.evidence import Evidence

OUTPUT_LINES = 15

Report = Callable[[str], None]
"""Called with what is being done, in a few words, before each step of more than two seconds."""


@dataclass(frozen=True)
class Service:
    """A part of the lab. `state`: running, starting, unhealthy or stopped."""

    name: str
    state: str
    address: str = ""


class Runtime(Protocol):
    """A lab that can be started, fed, asked and stopped. All methods raise `LabError`."""

    name: str

    def build(self, report: Report, servers: Sequence[str] = ()) -> None:
        """Build what the runtime needs, unless it exists and its sources are the same.

        :param servers: the servers that a lesson needs, as in `Lesson.servers`
        """

    def is_built(self) -> bool:
        """Whether what each lesson needs was built once, even if its sources have changed."""

    def up(self, lesson: Lesson, report: Report) -> None:
        """Start all services of a lesson in order and wait until each is ready; do not feed it."""

    def down(self, report: Report) -> None:
        """Stop all services in the order of the flow; keep the state."""

    def services(self) -> list[Service]:
        """Every service with its state, in the order of the flow; empty if the lab is down."""

    def kill(self, service: str) -> None:
        """End a service at once, as a crash would; `start` starts it again."""

    def start(self, service: str, report: Report) -> None:
        """Start a service that was killed or has ended, as it was; build nothing.

        The other services stay as they are, even if this one fails.
        """

    def cut(self) -> None:
        """Cut the connection between sink and receiver."""

    def mend(self) -> None:
        """Mend it."""

    def feed(self, options: Sequence[str], replay: Path | None, quiet: bool = False) -> int:
        """Run the generator and return its exit code.

        :param options: the generator's own options
        :param replay: a log to send unchanged, if any
        :param quiet: whether to leave out the generator's summary on standard output
        """

    def counts(self) -> Counts:
        """What the lesson's programs have counted."""

    def hop_counts(self) -> HopCounts:
        """What each hop reports now; the result store is asked last.

        In this order no line can appear as counted before it appears as generated.
        """

    def evidence(self) -> Evidence:
        """What `flumelab.lab_signs` asks."""

    def target_options(self, lesson: Lesson) -> Sequence[str]:
        """The generator's options for writing to the place that the lesson reads from."""

    def expected(self, options: Sequence[str]) -> Any:
        """What `python -m loadgen.expected` prints about all lines that were fed."""

    def wipe(self, report: Report) -> None:
        """Stop all services and remove the state."""

    def clear_for_next(self, report: Report) -> None:
        """Do the same as `wipe`, but leave services up that the next lesson also needs."""

    def log_tail(self, service: str, lines: int) -> str:
        """The last lines of a service's log."""

    def print_logs(self, service: str | None, follow: bool) -> None:
        """Print the log of one service or of all."""


def growing_log_options(folder: str) -> list[str]:
    """The generator's options for a log that grows in this folder, rotated as by logrotate."""
    rotation = ["--rotate-every", "4000", "--rotate-by", "rename"]
    return ["--append", f"{folder}/access.log", *rotation]


def require_programs_running(runtime: Runtime, lesson: Lesson) -> None:
    """Raise `LabError` with the end of the log if a program of the lesson has ended by itself."""
    stopped = {service.name for service in runtime.services() if service.state == "stopped"}
    for program in lesson.programs:
        if program.service in stopped:
            log = runtime.log_tail(program.service, OUTPUT_LINES)
            raise LabError(f"{program.file} ended before everything was counted:\n{log}")
