"""What a runtime shows of its parts, for `flumelab.signs`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from flumelab.signs.snapshot import Counters, Folder, LogLine, Part


@dataclass(frozen=True)
class RunningConf:
    """The conf that an agent was started with.

    :param environment: the agent's own, for the values of ``${env:NAME}``
    """

    text: str
    agent: str
    environment: Mapping[str, str]


class Evidence(Protocol):
    """Each method asks the running parts; what cannot be asked is empty."""

    def parts(self) -> list[Part]:
        """All services, in the order of the flow."""

    def log(self, service: str) -> list[LogLine]:
        """The beginning and the end of a service's log; all of it, if it is short."""

    def conf(self) -> RunningConf | None:
        """The conf of the agent; None if none runs."""

    def counters(self) -> Counters:
        """Flume's counters."""

    def moved(self) -> Mapping[str, Mapping[str, float]]:
        """When each of Flume's counters has last changed."""

    def folder(self, path: str) -> Folder:
        """The files in a folder of the agent, with those in sub-folders."""

    def is_cut(self) -> bool:
        """Whether flumelab has cut the connection between sink and receiver."""
