"""What every scenario offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Batch:
    """The lines of one file and the truth about them.

    `data` ends with a newline, except at the end of a replayed file that has none there.
    `lines` = the sum of `urls` + `malformed`. The two times are the earliest and the latest of the
    well-formed lines, with their offset; None if there is none.
    """

    data: bytes
    lines: int
    urls: Mapping[str, int]
    malformed: int
    first_event_time: datetime | None
    last_event_time: datetime | None


class Scenario(Protocol):
    """Makes lines from a seed, and accounts for lines made elsewhere."""

    def __init__(self, seed: int, malformed: float) -> None:
        """`malformed` is the fraction (0 to 1) of lines to spoil."""

    def generate(self, lines: int) -> Batch:
        """The next `lines` (1 or more) lines.

        However a run is cut into batches, its lines are the same.
        """

    def account(self, data: bytes) -> Batch:
        r"""The truth about lines that are given; only `b"\n"` ends a line, as in Flume."""
