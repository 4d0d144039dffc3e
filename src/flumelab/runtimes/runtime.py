"""What the lab's commands need of the place in which it runs: Docker, or plain processes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from flumelab.counts import Counts
from flumelab.errors import LabError
from flumelab.ledger import Evidence
from flumelab.lessons.catalogue import App

OUTPUT_LINES = 15

Say = Callable[[str], None]
"""Told what is being done, in a few words; for what takes longer than two seconds."""


@dataclass(frozen=True)
class Service:
    """One part of the lab. `state`: running, starting, unhealthy or stopped."""

    name: str
    state: str
    address: str = ""


class Runtime(Protocol):
    """A lab that can be started, fed, asked and stopped. All raise `LabError`."""

    name: str

    def build(self, say: Say, servers: Sequence[str] = ()) -> None:
        """Make what the runtime starts from, unless it is there and of the same sources.

        :param servers: of `App.servers`, those that are needed, too
        """

    def up(self, app: App, say: Say) -> None:
        """Start all services in order and wait until each is ready; feeds nothing."""

    def down(self, say: Say) -> None:
        """Stop all services, the first in the flow first; keeps the state."""

    def services(self) -> list[Service]:
        """Every service with its state, in the order of the flow; empty when the lab is down."""

    def feed(self, options: Sequence[str], replay: Path | None, quiet: bool = False) -> int:
        """Run the generator with these options, if `quiet` without its summary on standard output.

        Returns its exit code.
        """

    def counts(self) -> Counts:
        """What the program has counted."""

    def evidence(self) -> Evidence:
        """What each hop says now."""

    def way(self, app: App) -> Sequence[str]:
        """The generator's options for where the app gets its lines from."""

    def expected(self, options: Sequence[str]) -> Any:
        """What `python -m loadgen.expected` says of all that was fed."""

    def wipe(self, say: Say) -> None:
        """Stop all services and remove the state."""

    def clear(self, say: Say) -> None:
        """As `wipe`, but what any program needs may stay up for the next one."""

    def tail(self, service: str, lines: int) -> str:
        """The last lines of a service's log."""

    def logs(self, service: str | None, follow: bool) -> None:
        """Print the logs of one service or of all."""


def require_running(runtime: Runtime, app: App) -> None:
    """Raise `LabError`, with the end of its log, where a program has ended of itself."""
    stopped = {service.name for service in runtime.services() if service.state == "stopped"}
    for program in app.programs:
        if program.service in stopped:
            log = runtime.tail(program.service, OUTPUT_LINES)
            raise LabError(f"{program.program} ended before all was counted:\n{log}")
