"""The interface of every scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

Events = Mapping[str, Sequence[Any]]
"""Columns by name, with a row for each well-formed line, in the order of the lines. `time` is in
seconds since 1970 (UTC). All values have a JSON type."""


@dataclass(frozen=True)
class Batch:
    """The lines of one file and the truth about them.

    `data` ends with a newline, except at the end of a replayed file without one. `events` has the
    well-formed lines; for an access log, `urls` only counts them. They and the `malformed` lines
    add up to `lines`. The two times are the earliest and the latest of the well-formed lines, with
    their UTC offset; None if no line has a time.
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

    `fields` names the columns of its events, `time` first; it is empty if only URLs are counted.
    `key` is the column that a program counts by; a list there means one count for each item. A
    program also adds up the columns in `sums`.
    """

    fields: ClassVar[tuple[str, ...]]
    key: ClassVar[str]
    sums: ClassVar[tuple[str, ...]]

    def __init__(self, seed: int, malformed: float) -> None:
        """Start at the first line; `malformed` is the fraction (0 to 1) of malformed lines."""

    def generate(self, lines: int) -> Batch:
        """Make the next `lines` (1 or more) lines.

        The lines of a run do not depend on how it is cut into batches.
        """

    def account(self, data: bytes) -> Batch:
        r"""Find the truth about given lines; only `b"\n"` ends a line, as in Flume."""
