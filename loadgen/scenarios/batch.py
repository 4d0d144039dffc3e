"""What every scenario offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

Events = Mapping[str, Sequence[Any]]
"""Columns by name, a row for each well-formed line, in the order of the lines; `time` is in
seconds since 1970 (UTC). The values are JSON's."""


@dataclass(frozen=True)
class Batch:
    """The lines of one file and the truth about them.

    `data` ends with a newline, except at the end of a replayed file that has none there.
    The well-formed lines are told by `events`, or, in an access log, counted by `urls` alone;
    they and `malformed` add up to `lines`. The two times are the earliest and the latest of the
    well-formed lines, with their offset; None if there is none.
    """

    data: bytes
    lines: int
    malformed: int
    first_event_time: datetime | None
    last_event_time: datetime | None
    urls: Mapping[str, int] = field(default_factory=dict)
    events: Events | None = None


class Scenario(Protocol):
    """Makes lines from a seed, and accounts for lines made elsewhere.

    `fields` names the columns of its events, `time` first; it is empty where only URLs are counted.
    `key` is the one that a program counts by, in which a list is many; it adds up those in `sums`.
    """

    fields: ClassVar[tuple[str, ...]]
    key: ClassVar[str]
    sums: ClassVar[tuple[str, ...]]

    def __init__(self, seed: int, malformed: float) -> None:
        """`malformed` is the fraction (0 to 1) of lines to spoil."""

    def generate(self, lines: int) -> Batch:
        """The next `lines` (1 or more) lines.

        However a run is cut into batches, its lines are the same.
        """

    def account(self, data: bytes) -> Batch:
        r"""The truth about lines that are given; only `b"\n"` ends a line, as in Flume."""
