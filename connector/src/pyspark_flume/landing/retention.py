"""How long a landing log keeps its events, and the removal of segments that are past that."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pyspark_flume.errors import RetentionInvalid
from pyspark_flume.landing import index
from pyspark_flume.landing.consumers import committed
from pyspark_flume.landing.folder import Segment, segments

UNITS_MS = {"min": 60_000, "h": 3_600_000, "d": 86_400_000}
UNITS_BYTES = {"k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
AGE = re.compile(r"(\d+)(min|h|d)")
SIZE = re.compile(r"(\d+)([kmgt])b|(\d+)([gt])")  # 30m might be minutes: refused


@dataclass(frozen=True)
class Retention:
    """When a segment can go: as soon as one of these is true. None are: it is kept.

    :param committed: every consumer has committed all of it, and there is a consumer
    :param age_ms: its last event arrived longer ago
    :param size_bytes: the segments have more bytes than that in all
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
                    f"retention {text!r}: {part!r} is none; "
                    "write keep, or commit, an age (30min, 12h, 7d), a size (500mb, 10g), "
                    "or several of these joined by commas"
                )
        return cls(is_committed, age_ms, size_bytes)


def remove_old(folder: Path, retention: Retention, now_ms: int) -> int:
    """Remove the oldest segments as far as `retention` lets them go, never the last one."""
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
        # In this order: an index alone is no segment any more, and goes at the next start.
        segment.path.unlink()
        segment.index.unlink(missing_ok=True)
        left -= size
        removed += 1
    return removed


def last_arrival_ms(segment: Segment) -> int:
    """When the last batch of a sealed segment arrived, in ms since 1970."""
    entries, _ = index.decode(index.read(segment.index)[-index.ENTRY.size :])
    if not len(entries):  # damaged since the start; the next one says so
        return segment.path.stat().st_mtime_ns // 1_000_000
    return int(entries["arrival_ms"][-1])
