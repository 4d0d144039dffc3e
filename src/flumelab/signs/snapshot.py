"""What `find` looks at: the state of the parts at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Counters = Mapping[str, Mapping[str, Any]]
"""Flume's JSON: ``{"SINK.spark": {"EventDrainSuccessCount": "10000", …}, …}``."""


class Kind(StrEnum):
    """What a part is, which decides in which logs a sign is looked for."""

    FLUME = "flume"
    PROGRAM = "program"
    """A Spark driver, or another process of Spark."""
    RECEIVER = "receiver"
    """The receiver or poller of a landing log."""
    OTHER = "other"


@dataclass(frozen=True)
class Part:
    """A service of the lab; `state`: running, starting, unhealthy or stopped."""

    name: str
    kind: Kind
    state: str


@dataclass(frozen=True)
class LogLine:
    """A line of a log; `at` is its time in seconds since 1970, None if it has none."""

    at: float | None
    text: str


@dataclass(frozen=True)
class File:
    """A file in a folder that Flume reads.

    :param name: relative to the folder, ``sub/access.log``
    :param size: in bytes
    :param changed: when it was last written or renamed, in seconds since 1970
    :param head: its first bytes, only of position files
    """

    name: str
    size: int
    changed: float
    head: bytes = b""


@dataclass(frozen=True)
class Folder:
    """A folder that a source reads, with all that is in it at this moment."""

    path: str
    files: Sequence[File] = ()


@dataclass(frozen=True)
class Snapshot:
    """The lab at one moment.

    :param now: in seconds since 1970
    :param logs: the lines of each part's log since its start, oldest first
    :param counters: Flume's counters; empty if no agent answers
    :param moved: when each counter has last changed, in seconds since 1970, for example
        ``{"SINK.spark": {"EventDrainSuccessCount": 1763830000.0}}``; a counter that never changed
        has the time of the agent's start
    :param conf: the properties of the agent that runs, without its name: ``{"sources": "spool",
        "sources.spool.type": "spooldir", …}``; empty if they are not known
    :param agent: the agent's name in its conf
    :param folders: by the path that the conf has
    :param hops: lines at each hop, in the order of the flow; empty if they were not counted
    :param still_seconds: what has work and has not moved for so long is stuck; Flume's own pauses
        take up to 5 s
    :param cut: whether flumelab has cut the connection between sink and receiver
    """

    now: float
    parts: Sequence[Part] = ()
    logs: Mapping[str, Sequence[LogLine]] = field(default_factory=dict)
    counters: Counters = field(default_factory=dict)
    moved: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    conf: Mapping[str, str] = field(default_factory=dict)
    agent: str = ""
    folders: Mapping[str, Folder] = field(default_factory=dict)
    hops: Sequence[tuple[str, int]] = ()
    still_seconds: float = 15.0
    cut: bool = False

    def part(self, kind: Kind) -> str:
        """The name of the first part of a kind; empty if there is none."""
        return next((part.name for part in self.parts if part.kind is kind), "")
