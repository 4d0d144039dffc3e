"""How long a landing log keeps its events, and the removal of older segments."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pyspark_flume.errors import RetentionInvalid
from pyspark_flume.landing import index
from pyspark_flume.landing.consumers import committed
from pyspark_flume.landing.folder import Segment, segments
from pyspark_flume.units import KIB, MIB

UNITS_MS = {"min": 60_000, "h": 3_600_000, "d": 86_400_000}
UNITS_BYTES = {"k": KIB, "m": MIB, "g": 1024 * MIB, "t": 1024 * 1024 * MIB}
AGE = re.compile(r"(\d+)(min|h|d)")
SIZE = re.compile(r"(\d+)([kmgt])b|(\d+)([gt])")  # not 30m, which might mean minutes


@dataclass(frozen=True)
class Retention:
    """When a segment is removed: as soon as one of these conditions is true.

    Without a condition it is kept.

    :param committed: there is a consumer, and every consumer has committed the whole segment
    :param age_ms: its last event arrived longer ago than this
    :param size_bytes: all segments together are larger than this
    """

    committed: bool = False
    age_ms: int | None = None
    size_bytes: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``keep``, or any of ``commit``, an age, a size, joined by commas.

        An age is ``30min``, ``12h`` or ``7d``; a size is ``500mb``, ``10g`` or ``1t``.
        Raises `RetentionInvalid`.
        """
        is_committed, age_ms, size_bytes = False, None, None
        parts = [part.strip().lower() for part in text.split(",")]
        for part in parts:
            age, size = AGE.fullmatch(part), SIZE.fullmatch(part)
            if part == "commit":
                is_committed = True
            elif age:
                age_ms = int(age[1]) * UNITS_MS[age[2]]
            elif size:
                size_bytes = int(size[1] or size[3]) * UNITS_BYTES[size[2] or size[4]]
            elif parts != ["keep"]:
                raise RetentionInvalid(
                    f"retention {text!r}: {part!r} is not valid; "
                    "write keep, or commit, an age (30min, 12h, 7d), a size (500mb, 10g), "
                    "or several of these joined by commas"
                )
        return cls(is_committed, age_ms, size_bytes)


def remove_old_segments(folder: Path, retention: Retention, now_ms: int) -> int:
    """Remove the oldest segments as `retention` says, never the last one; return their number."""
    present = segments(folder)
    sizes = [segment.path.stat().st_size for segment in present]
    consumed = min(committed(folder).values(), default=0) if retention.committed else 0
    left = sum(sizes)
    removed = 0
    for segment, follower, size in zip(present, present[1:], sizes, strict=False):
        over_size = retention.size_bytes is not None and left > retention.size_bytes
        over_age = (
            retention.age_ms is not None and now_ms - last_arrival_ms(segment) > retention.age_ms
        )
        if not (over_size or over_age or follower.first <= consumed):
            break
        # The index goes last: without its segment, the next start removes it.
        segment.path.unlink()
        segment.index.unlink(missing_ok=True)
        left -= size
        removed += 1
    return removed


def last_arrival_ms(segment: Segment) -> int:
    """Return when the last batch of a sealed segment arrived, in ms since 1970."""
    entries, _ = index.decode(index.read(segment.index)[-index.ENTRY.size :])
    if not len(entries):  # damaged since the last start; the next start reports it
        return segment.path.stat().st_mtime_ns // 1_000_000
    return int(entries["arrival_ms"][-1])
