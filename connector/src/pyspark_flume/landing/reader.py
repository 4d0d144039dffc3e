"""Read a landing log, in any process, while the writer adds and removes segments."""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from pyspark_flume.errors import LandingCorrupt, LandingError, OffsetTooNew, OffsetTooOld
from pyspark_flume.landing import avro_container, index
from pyspark_flume.landing.damage_error import damaged
from pyspark_flume.landing.folder import Segment, read_id, segments
from pyspark_flume.landing.index import EMPTY, Entries
from pyspark_flume.units import MIB

READ_BYTES = 8 * MIB  # one read has as many blocks as fit into this, but at least one
REMEDY_TOO_OLD = (
    "start the query with a new checkpoint, and let retention wait for it (commit) or keep longer"
)
REMEDY_TOO_NEW = "the log was replaced or cut; start the query with a new checkpoint"


@dataclass(frozen=True)
class Block:
    """A batch as it was appended.

    :param first: number of its first event
    :param arrival_ms: when it arrived, ms since 1970
    :param items: its `count` events in Avro's encoding, one after the other
    """

    first: int
    count: int
    arrival_ms: int
    items: memoryview


@dataclass(frozen=True)
class SegmentInfo:
    """A segment with events `first` to `end` - 1.

    :param blocks: the number of its blocks
    :param length: durable bytes
    :param first_arrival_ms: ms since 1970, None if it has no events; like `last_arrival_ms`
    """

    path: Path
    first: int
    end: int
    blocks: int
    length: int
    first_arrival_ms: int | None
    last_arrival_ms: int | None


class Landing:
    """The log in a folder, for reading, without a lock. It is cheap to make.

    Each call looks at the folder again. Every method raises `LandingError` if there is no log, and
    `LandingCorrupt` if the log is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._id = ""
        self._segments: list[Segment] = []
        self._entries: dict[int, Entries] = {}

    @property
    def id(self) -> str:
        """The log's id, which changes if another log replaces this one at the same path."""
        return str(read_id(self._folder))

    def earliest(self) -> int:
        """Return the number of the oldest event in the log."""
        self._refresh()
        return self._first()

    def latest(self) -> int:
        """Return the number that the next event gets; the log is ``[earliest, latest)``."""
        self._refresh()
        return self._end()

    def at(self, time_ms: int) -> int:
        """Return the number of the first event that arrived at `time_ms` or later, or `latest`."""
        self._refresh()
        if not self._segments:
            return 0
        # The last segment may have no events yet, and then has no time of arrival.
        is_filled = self._end() > self._segments[-1].first
        filled = self._segments if is_filled else self._segments[:-1]
        try:
            place = bisect_left(filled, time_ms, key=self._last_arrival)
        except OffsetTooOld:  # retention has removed a segment meanwhile
            return self.at(time_ms)
        if place == len(filled):
            return self._end()
        entries = self._read_index(self._segments[place])
        block = 1 + int(np.searchsorted(entries["arrival_ms"][1:], time_ms))
        return int(entries["events"][block - 1])

    def arrival_ms(self, offset: int) -> int:
        """Return when the event with this number arrived, in ms since 1970.

        Raises `OffsetTooOld` or `OffsetTooNew` if the log does not have it.
        """
        self._refresh()
        self._check(offset, offset + 1)
        entries = self._read_index(self._segments[self._place_of_segment_with(offset)])
        block = int(np.searchsorted(entries["events"], offset, "right"))
        return int(entries["arrival_ms"][block])

    def limit_bytes(self, start: int, bytes_max: int) -> int:
        """Return the end of the blocks from `start` on that fit into `bytes_max`, at least one."""
        self._refresh()
        self._check(start, start)
        end, left = start, bytes_max
        for segment in self._segments[self._place_of_segment_with(start) :]:
            entries = self._read_index(segment)
            first = max(1, int(np.searchsorted(entries["events"], start, "right")))
            total = np.cumsum(entries["length"][first:], dtype=np.int64)
            fitting = int(np.searchsorted(total, left, "right"))
            if end == start:
                fitting = min(len(total), max(1, fitting))
            if fitting:
                end = int(entries["events"][first + fitting - 1])
                left -= int(total[fitting - 1])
            if fitting < len(total):
                break
        return end

    def blocks(self, start: int, end: int) -> Iterator[Block]:
        """Return the whole blocks that hold events `start` to `end` - 1; checksums are verified.

        Raises `OffsetTooOld` for a start before the earliest event, `OffsetTooNew` for an end after
        the latest.
        """
        self._refresh()
        self._check(start, end)
        return self._blocks(start, end)

    def segments(self) -> list[SegmentInfo]:
        """Return what is known of each segment, oldest first."""
        self._refresh()
        infos = []
        for segment in self._segments:
            try:
                infos.append(self._info(segment))
            except OffsetTooOld:  # retention has removed it meanwhile
                continue
        return infos

    def _blocks(self, start: int, end: int) -> Iterator[Block]:
        if start >= end:
            return
        for segment in self._segments[self._place_of_segment_with(start) :]:
            if segment.first >= end:
                break
            entries = self._read_index(segment)
            first = int(np.searchsorted(entries["events"], start, "right"))
            stop = int(np.searchsorted(entries["events"], end, "left")) + 1
            try:
                yield from read_blocks(segment, entries, max(1, first), min(stop, len(entries)))
            except FileNotFoundError:
                raise self._gone(start) from None

    def _info(self, segment: Segment) -> SegmentInfo:
        entries = self._read_index(segment)
        arrivals = entries["arrival_ms"][1:]
        return SegmentInfo(
            segment.path,
            segment.first,
            int(entries["events"][-1]) if len(entries) else segment.first,
            len(arrivals),
            int(entries["position"][-1] + entries["length"][-1]) if len(entries) else 0,
            int(arrivals[0]) if len(arrivals) else None,
            int(arrivals[-1]) if len(arrivals) else None,
        )

    def _refresh(self) -> None:
        log_id = self.id
        if log_id != self._id:
            self._id, self._entries = log_id, {}
        try:
            self._segments = segments(self._folder)
        except OSError as error:
            raise LandingError(
                f"{self._folder}: {error.strerror}; let the query read the receiver's folder"
            ) from error
        known = {segment.first for segment in self._segments}
        self._entries = {first: seen for first, seen in self._entries.items() if first in known}
        for segment in self._segments[-1:]:
            self._entries[segment.first] = self._read_new_entries(segment)

    def _read_new_entries(self, segment: Segment) -> Entries:
        """Return the entries known so far and the valid ones that follow them."""
        old = self._entries.get(segment.first, EMPTY)
        new, _ = index.decode(index.read(segment.index, skip=len(old)))
        return np.concatenate([old, new]) if len(new) else old

    def _read_index(self, segment: Segment) -> Entries:
        """Return a segment's entries; if another segment follows, none may be missing."""
        place = bisect_left(self._segments, segment)
        end = self._segments[place + 1].first if place + 1 < len(self._segments) else None
        entries = self._entries.get(segment.first, EMPTY)
        if end is not None and (not len(entries) or entries["events"][-1] != end):
            entries = self._entries[segment.first] = self._read_new_entries(segment)
            if not len(entries) or entries["events"][-1] != end:
                if not segment.path.exists():
                    raise self._gone(segment.first)
                raise LandingCorrupt(
                    f"{segment.index} is damaged or lost; remove it and restart the receiver: "
                    "it is rebuilt from its segment"
                )
        return entries

    def _first(self) -> int:
        return self._segments[0].first if self._segments else 0

    def _end(self) -> int:
        if not self._segments:
            return 0
        last = self._segments[-1]
        entries = self._entries[last.first]
        return int(entries["events"][-1]) if len(entries) else last.first

    def _last_arrival(self, segment: Segment) -> int:
        return int(self._read_index(segment)["arrival_ms"][-1])

    def _place_of_segment_with(self, offset: int) -> int:
        return max(0, bisect_right(self._segments, offset, key=lambda segment: segment.first) - 1)

    def _check(self, start: int, end: int) -> None:
        if start < self._first():
            raise self._gone(start)
        if max(start, end) > self._end():
            raise OffsetTooNew(
                f"{self._folder} has no offset {max(start, end)}, its events end at {self._end()}; "
                f"{REMEDY_TOO_NEW}"
            )

    def _gone(self, offset: int) -> OffsetTooOld:
        present = segments(self._folder)
        begin = present[0].first if present else 0
        return OffsetTooOld(
            f"offset {offset} of {self._folder} is gone, the log begins at {begin} (retention); "
            f"{REMEDY_TOO_OLD}"
        )


def read_blocks(segment: Segment, entries: Entries, first: int, stop: int) -> Iterator[Block]:
    """Yield the blocks of entries `first` to `stop` - 1, `first` >= 1. Raises `LandingCorrupt`."""
    positions, lengths = entries["position"].astype(np.int64), entries["length"].astype(np.int64)
    sync = None
    with segment.path.open("rb", buffering=0) as file:
        while first < stop:
            begin = int(positions[first])
            fitting = int(np.searchsorted(positions + lengths, begin + READ_BYTES, "right"))
            after = min(stop, max(first + 1, fitting))
            size = int(positions[after - 1] + lengths[after - 1]) - begin
            data = memoryview(_read(file.fileno(), size, begin))
            for place in range(first, after):
                at = int(positions[place]) - begin
                block = data[at : at + int(lengths[place])]
                if crc32(block) != entries["crc"][place]:
                    raise damaged(segment, begin + at, "its checksum differs from the index")
                sync = sync or bytes(block[-avro_container.SYNC_BYTES :])
                yield _block(segment, entries, place, block, sync)
            first = after


def _block(segment: Segment, entries: Entries, place: int, block: memoryview, sync: bytes) -> Block:
    try:
        count, start, end = avro_container.block_at(block, 0, sync)
    except avro_container.SegmentMalformed as malformed:
        raise damaged(segment, int(entries["position"][place]), str(malformed)) from None
    first = int(entries["events"][place - 1])
    if end != len(block) or first + count != entries["events"][place]:
        raise damaged(segment, int(entries["position"][place]), "the index has another count")
    items = block[start : end - avro_container.SYNC_BYTES]
    return Block(first, count, int(entries["arrival_ms"][place]), items)


def _read(descriptor: int, size: int, position: int) -> bytes:
    data = os.pread(descriptor, size, position)
    while more := os.pread(descriptor, size - len(data), position + len(data)):
        data += more
    return data
