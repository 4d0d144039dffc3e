"""Which lab of the user's own files is up."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from flumelab.own import docker, saved
from flumelab.own.local import LocalOwnLab, SignsOf
from flumelab.runtimes.choice import RuntimeName
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings
from flumelab.signs import Sign


class StayingLab(Protocol):
    """The commands on a lab that is up. Each prints, and returns the exit code."""

    def status(self, as_json: bool) -> int:
        """Print each process, and why one has ended."""

    def signs(self) -> Sequence[Sign]:
        """Return what is stuck, lost or odd."""

    def feed(self, log: Path | None, options: Sequence[str]) -> int:
        """Send a log, or a folder of logs.

        :param options: the generator's, for its own lines or for a log at a rate
        """

    def ledger(self, as_json: bool, wait: float) -> int:
        """Print the hops, after `wait` seconds at most if they do not agree."""

    def print_logs(self, service: str | None, follow: bool) -> int:
        """Print the log of one process, or all."""

    def down(self) -> int:
        """Stop everything in the order of the flow, and print the last numbers."""


def find(
    runtime: RuntimeName, settings: Settings, report: Report, signs_of: SignsOf
) -> StayingLab | None:
    """Return the lab that is up in a runtime; None if there is none.

    :param signs_of: finds the known signs of what is stuck
    """
    if runtime is not RuntimeName.docker and saved.is_up(settings):
        return LocalOwnLab(settings, report, signs_of)
    if runtime is not RuntimeName.local and docker.is_up(settings):
        return docker.DockerOwnLab(settings)
    return None
