"""Recover a log when the writer starts, after a kill or a power failure.

What the index vouches for was durable: if it has changed or is gone, that is an error. For what
follows in the segment, the answer had not been sent or the index entry was not durable yet. Whole
blocks of it are kept, and an incomplete tail is cut off.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zlib import crc32

from pyspark_flume.errors import EventCorrupt, LandingCorrupt
from pyspark_flume.landing import avro_container, index
from pyspark_flume.landing.avro_container import Header, SegmentMalformed
from pyspark_flume.landing.damage_error import REMEDY, damaged
from pyspark_flume.landing.folder import Segment, orphan_indexes, segments, sync_folder
from pyspark_flume.landing.index import Entries, Entry
from pyspark_flume.landing.seen_ranges import FileRange, SeenRanges
from pyspark_flume.landing.segment_writer import SegmentWriter

Identify = Callable[[bytes, int], Sequence[FileRange]]
"""Returns the file ranges that a block's events carry, given the block's items and their count.

Raises `EventCorrupt` unless the items are exactly that many events.
"""


@dataclass(frozen=True)
class Recovered:
    """A segment that can be continued.

    :param entries: the index as it should be
    :param indexed: how many of the entries are on disk
    :param runs: the file ranges that `identify` finds in the blocks
    """

    header: Header
    entries: list[Entry]
    indexed: int
    runs: list[FileRange]


def open_last_segment(
    folder: Path, log_id: UUID, identify: Identify, seen: SeenRanges
) -> SegmentWriter:
    """Repair the log in `folder` and open its last segment; create one in an empty log.

    The ranges that have been seen are added to `seen`. Raises `LandingCorrupt`, `OSError`.
    """
    present = segments(folder)
    recovered = None
    while present and not (recovered := recover(present[-1], log_id, identify)):
        # The writer was killed as it began this segment; the one before is durable, with its index.
        present[-1].path.unlink()
        present[-1].index.unlink(missing_ok=True)
        sync_folder(folder)
        present.pop()
    _remove_orphans(folder, present)
    for segment, follower in pairwise(present):
        if not segment.index.exists():
            _rebuild_index(segment, log_id, identify)
        check_sealed(segment, follower.first)
    if not recovered:
        first = Segment(0, folder)
        return SegmentWriter.create(first, log_id, seen.snapshot(), time.time_ns() // 1_000_000)
    last, header = present[-1], recovered.header
    try:
        seen.restore(header.seen)
    except (ValueError, TypeError) as error:
        raise damaged(last, 0, f"the ranges seen cannot be read: {error}") from None
    for run in recovered.runs:
        seen.add(run.file, run.start, run.end)
    return SegmentWriter.resume(last, header.sync, recovered.entries, recovered.indexed)


def _remove_orphans(folder: Path, present: Sequence[Segment]) -> None:
    for orphan in orphan_indexes(folder):
        # Retention removes the oldest segment before its index. The index of a new segment is
        # created before the segment, and stays empty until the segment is durable.
        retired = present and orphan.first < present[0].first
        if not retired and index.decode(index.read(orphan.index))[1]:
            raise LandingCorrupt(f"{orphan.path} is missing, but its index exists; {REMEDY}")
        orphan.index.unlink()


def _rebuild_index(segment: Segment, log_id: UUID, identify: Identify) -> None:
    recovered = recover(segment, log_id, identify)
    if not recovered:
        raise damaged(segment, 0, "its header is incomplete")
    SegmentWriter.resume(segment, recovered.header.sync, recovered.entries, 0).close()


def check_sealed(segment: Segment, end: int) -> None:
    """Check a segment that another one follows, without reading all of it.

    Raises `LandingCorrupt` unless the index and the file end where they should.

    :param end: number of the following segment's first event
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
            f"{segment.folder} lacks events {min(events, end)} to {max(events, end) - 1}, "
            f"between {segment.path.name} and the next segment; {REMEDY}"
        )
    size, expected = segment.path.stat().st_size, position + length
    if size != expected:
        raise damaged(segment, min(size, expected), f"it has {size} bytes instead of {expected}")


def recover(segment: Segment, log_id: UUID, identify: Identify) -> Recovered | None:
    """Read a segment. Return None if nothing in it was ever stored, so that it can be removed.

    Raises `LandingCorrupt`.
    """
    index_data = index.read(segment.index)
    entries, vouched = index.decode(index_data)
    data = segment.path.read_bytes()
    for entry in index.as_objects(entries[:1]):
        if crc32(data[: entry.length]) != entry.crc:
            raise damaged(segment, 0, "the header's checksum differs from the index")
    header = _header(segment, data, log_id, vouched > 0)
    if header is None:
        return None
    scan = _BlockScan(segment, data, header, identify)
    scan.read_indexed(entries)
    scan.read_rest(_end_of(index_data, vouched), tail_is_unknown=not vouched)
    return Recovered(header, scan.entries, len(entries), scan.runs)


def _end_of(index_data: bytes, vouched: int) -> int:
    if not vouched:
        return 0
    fields = index.ENTRY.unpack_from(index_data, (vouched - 1) * index.ENTRY.size)
    return int(fields[1] + fields[3])


def _header(segment: Segment, data: bytes, log_id: UUID, vouched: bool) -> Header | None:
    try:
        header = avro_container.decode_header(data)
    except SegmentMalformed as malformed:
        # The header's index entry is durable before the first block is written.
        if vouched or (not segment.index.exists() and data.find(log_id.bytes) >= 0):
            raise damaged(segment, 0, str(malformed)) from None
        return None
    if header.first != segment.first or header.sync != log_id.bytes:
        raise LandingCorrupt(f"{segment.path} is part of another log, or was renamed; move it away")
    return header


class _BlockScan:
    """Reads a segment's blocks in order, for their index entries and the file ranges in them."""

    def __init__(self, segment: Segment, data: bytes, header: Header, identify: Identify) -> None:
        self._segment = segment
        self._data = data
        self._view = memoryview(data)
        self._header = header
        self._identify = identify
        self.entries: list[Entry] = []
        self.runs: list[FileRange] = []

    def read_indexed(self, entries: Entries) -> None:
        """Read the blocks that valid entries name; raise if a checksum differs."""
        for entry in index.as_objects(entries):
            position = entry.position
            block = self._view[position : position + entry.length]
            if position != self._position or len(block) != entry.length:
                raise damaged(self._segment, position, "the index names bytes that do not exist")
            if crc32(block) != entry.crc:
                raise damaged(self._segment, position, "its checksum differs from the index")
            if position:
                count, start, end = avro_container.block_at(self._view, position, self._header.sync)
                self._identify_block(
                    bytes(self._view[start : end - avro_container.SYNC_BYTES]), count
                )
            self.entries.append(entry)

    def read_rest(self, vouched_end: int, tail_is_unknown: bool) -> None:
        """Read the blocks after those; raise unless they are complete up to byte `vouched_end`.

        :param tail_is_unknown: whether no entry vouches for anything, so that an incomplete block
            is a torn tail only if no sync marker follows
        """
        if not self.entries:
            crc = crc32(self._view[: self._header.length])
            arrival_ms = self._segment.path.stat().st_mtime_ns // 1_000_000
            self._append(0, self._header.length, crc, arrival_ms)
        arrival_ms = self.entries[-1].arrival_ms
        while self._position < len(self._view):
            position = self._position
            try:
                count, start, end = avro_container.block_at(self._view, position, self._header.sync)
                items = bytes(self._view[start : end - avro_container.SYNC_BYTES])
                self._identify_block(items, count)
            except (SegmentMalformed, EventCorrupt) as error:
                later = self._data.find(self._header.sync, position) if tail_is_unknown else -1
                if position < vouched_end or later >= 0:
                    raise damaged(self._segment, position, str(error)) from None
                return
            self._append(count, end - position, crc32(self._view[position:end]), arrival_ms)
        if self._position < vouched_end:
            raise damaged(self._segment, self._position, f"it should have {vouched_end} bytes")

    @property
    def _position(self) -> int:
        last = self.entries[-1] if self.entries else None
        return last.position + last.length if last else 0

    def _append(self, count: int, length: int, crc: int, arrival_ms: int) -> None:
        events = self.entries[-1].events if self.entries else self._header.first
        self.entries.append(Entry(events + count, self._position, arrival_ms, length, crc))

    def _identify_block(self, items: bytes, count: int) -> None:
        self.runs.extend(self._identify(items, count))
