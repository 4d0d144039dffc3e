"""What the writer finds at its start: the last segment after a kill or a power failure.

What the index vouches for was durable: if it changed or is gone, that is an error, never silence.
What stands behind it was not answered yet, or its index entry was not durable yet: whole blocks
are kept, a torn tail is cut off.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zlib import crc32

import numpy as np

from pyspark_flume.errors import EventCorrupt, LandingCorrupt
from pyspark_flume.landing import container, index
from pyspark_flume.landing.container import Header, Torn
from pyspark_flume.landing.folder import Segment, orphans, segments, sync_folder
from pyspark_flume.landing.index import Entries, Entry
from pyspark_flume.landing.seen_ranges import FileRange, SeenRanges
from pyspark_flume.landing.segment_writer import SegmentWriter

REMEDY = "restore it from a copy, or move the folder away and start an empty log"

Identify = Callable[[bytes, int], Sequence[FileRange]]
"""Items of a block and their count: what identities the events carry."""


@dataclass(frozen=True)
class Recovered:
    """A segment as it can be written on.

    :param entries: the index as it should be, of which the first `indexed` are on disk
    :param runs: what `identify` says of each block
    """

    header: Header
    entries: list[Entry]
    indexed: int
    runs: list[FileRange]


def open_last(folder: Path, log_id: UUID, identify: Identify, seen: SeenRanges) -> SegmentWriter:
    """Put the log in `folder` in order and open its last segment, a first one if there is none.

    `seen` (empty) gets the ranges that have been seen. Raises `LandingCorrupt`, `OSError`.
    """
    present = segments(folder)
    recovered = None
    while present and not (recovered := recover(present[-1], log_id, identify)):
        # A kill while the segment began. What came before it is durable, with its index.
        present[-1].path.unlink()
        present[-1].index.unlink(missing_ok=True)
        sync_folder(folder)
        present.pop()
    _remove_orphans(folder, present)
    for segment, follower in pairwise(present):
        if not segment.index.exists():
            _rebuild_index(segment, log_id)
        check_sealed(segment, follower.first)
    if not recovered:
        first = Segment(0, folder)
        return SegmentWriter.create(first, log_id, seen.snapshot(), time.time_ns() // 1_000_000)
    last, header = present[-1], recovered.header
    try:
        seen.restore(header.seen)
    except (ValueError, TypeError) as error:
        raise corrupt(last, 0, f"the ranges seen cannot be read: {error}") from None
    for run in recovered.runs:
        seen.add(run.file, run.start, run.end)
    return SegmentWriter.resume(last, header.sync, recovered.entries, recovered.indexed)


def _remove_orphans(folder: Path, present: Sequence[Segment]) -> None:
    for orphan in orphans(folder):
        # Retention removes a segment before its index, from the oldest on. At the other end, a
        # new segment's index comes before the segment, and is empty until that is durable.
        retired = present and orphan.first < present[0].first
        if not retired and index.decode(index.read(orphan.index))[1]:
            raise LandingCorrupt(f"{orphan.path} is missing, its index is there; {REMEDY}")
        orphan.index.unlink()


def _rebuild_index(segment: Segment, log_id: UUID) -> None:
    recovered = recover(segment, log_id, lambda items, count: ())
    if not recovered:
        raise corrupt(segment, 0, "its header is not whole")
    SegmentWriter.resume(segment, recovered.header.sync, recovered.entries, 0).close()


def corrupt(segment: Segment, position: int, fact: str) -> LandingCorrupt:
    """The error for damage at byte `position` of a segment."""
    return LandingCorrupt(f"{segment.path} is damaged at byte {position}: {fact}; {REMEDY}")


def check_sealed(segment: Segment, end: int) -> None:
    """Cheap checks of a segment that another one follows, whose first event is number `end`.

    Raises `LandingCorrupt` unless index and file end where they should. A lost index: `recover`.
    """
    data = index.read(segment.index)
    last = len(data) // index.ENTRY.size - 1
    if last < 0 or not index.entry_is_valid(data, last):
        raise LandingCorrupt(
            f"{segment.index} is damaged at its end; remove it: "
            "it is rebuilt from its segment at the next start of the receiver"
        )
    events, position, _, length, _, _ = index.ENTRY.unpack_from(data, last * index.ENTRY.size)
    if events != end:
        raise LandingCorrupt(
            f"{segment.folder} misses events {min(events, end)} to {max(events, end) - 1}, "
            f"between {segment.path.name} and the next segment; {REMEDY}"
        )
    size, expected = segment.path.stat().st_size, position + length
    if size != expected:
        raise corrupt(segment, min(size, expected), f"it has {size} bytes, not {expected}")


def recover(segment: Segment, log_id: UUID, identify: Identify) -> Recovered | None:
    """Read a segment; None if nothing in it was ever stored, so that it can go.

    Raises `LandingCorrupt`.
    """
    index_data = index.read(segment.index)
    entries, vouched = index.decode(index_data)
    data = segment.path.read_bytes()
    for entry in decoded(entries[:1]):
        if crc32(data[: entry.length]) != entry.crc:
            raise corrupt(segment, 0, "the header's checksum differs from the index")
    header = _header(segment, data, log_id, vouched > 0)
    if header is None:
        return None
    found = _Scan(segment, data, header, identify)
    found.take_indexed(entries)
    found.take_rest(_end_of(index_data, vouched), searched=not vouched)
    return Recovered(header, found.entries, len(entries), found.runs)


def _end_of(index_data: bytes, vouched: int) -> int:
    if not vouched:
        return 0
    fields = index.ENTRY.unpack_from(index_data, (vouched - 1) * index.ENTRY.size)
    return int(fields[1] + fields[3])


def _header(segment: Segment, data: bytes, log_id: UUID, vouched: bool) -> Header | None:
    try:
        header = container.decode_header(data)
    except Torn as torn:
        # The header's own index entry is durable before the first block is written.
        if vouched or (not segment.index.exists() and data.find(log_id.bytes) >= 0):
            raise corrupt(segment, 0, str(torn)) from None
        return None
    if header.first != segment.first or header.sync != log_id.bytes:
        raise LandingCorrupt(f"{segment.path} is of another log, or renamed; move it away")
    return header


class _Scan:
    """Goes through a segment's blocks and collects what `Recovered` says of them."""

    def __init__(self, segment: Segment, data: bytes, header: Header, identify: Identify) -> None:
        self._segment = segment
        self._data = data
        self._view = memoryview(data)
        self._header = header
        self._identify = identify
        self.entries: list[Entry] = []
        self.runs: list[FileRange] = []

    def take_indexed(self, entries: Entries) -> None:
        """The blocks that valid entries name; their checksums have to fit."""
        for entry in decoded(entries):
            position = entry.position
            block = self._view[position : position + entry.length]
            if position != self._position or len(block) != entry.length:
                raise corrupt(self._segment, position, "the index names more than there is")
            if crc32(block) != entry.crc:
                raise corrupt(self._segment, position, "its checksum differs from the index")
            if position:
                count, start, end = container.block_at(self._view, position, self._header.sync)
                self._take_runs(bytes(self._view[start : end - container.SYNC_BYTES]), count)
            self.entries.append(entry)

    def take_rest(self, vouched_end: int, searched: bool) -> None:
        """The blocks behind them, which have to be whole up to byte `vouched_end`.

        `searched`: no entry vouches for anything, so a block that is not whole is the torn tail
        only if no sync marker follows.
        """
        if not self.entries:
            crc = crc32(self._view[: self._header.length])
            arrival_ms = self._segment.path.stat().st_mtime_ns // 1_000_000
            self._append(0, self._header.length, crc, arrival_ms)
        arrival_ms = self.entries[-1].arrival_ms
        while self._position < len(self._view):
            position = self._position
            try:
                count, start, end = container.block_at(self._view, position, self._header.sync)
                items = bytes(self._view[start : end - container.SYNC_BYTES])
                container.check_items(items, count)
                self._take_runs(items, count)
            except (Torn, EventCorrupt) as error:
                later = self._data.find(self._header.sync, position) if searched else -1
                if position < vouched_end or later >= 0:
                    raise corrupt(self._segment, position, str(error)) from None
                return
            self._append(count, end - position, crc32(self._view[position:end]), arrival_ms)
        if self._position < vouched_end:
            raise corrupt(self._segment, self._position, f"it should have {vouched_end} bytes")

    @property
    def _position(self) -> int:
        last = self.entries[-1] if self.entries else None
        return last.position + last.length if last else 0

    def _append(self, count: int, length: int, crc: int, arrival_ms: int) -> None:
        events = self.entries[-1].events if self.entries else self._header.first
        self.entries.append(Entry(events + count, self._position, arrival_ms, length, crc))

    def _take_runs(self, items: bytes, count: int) -> None:
        self.runs.extend(self._identify(items, count))


def decoded(entries: Entries) -> Iterator[Entry]:
    """Entries one by one, as Python objects."""
    columns = [np.asarray(entries[name]).tolist() for name in entries.dtype.names or ()]
    yield from (Entry(*fields[:5]) for fields in zip(*columns, strict=True))
