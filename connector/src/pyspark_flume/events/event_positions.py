"""The positions of a batch's events as numpy columns, without a Python object for each event.

An event is the Avro record of `pyspark_flume.events.record`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from pyspark_flume.avro_binary import read_long, read_map_block
from pyspark_flume.errors import EventCorrupt
from pyspark_flume.events.bulk_read import Ints, Mask, as_words, has_text
from pyspark_flume.events.uniform_batch import find_uniform_events

# A header of 2 bytes takes 32 bytes in columns, so a hostile batch of 64 MiB would take 1 GiB.
HEADERS_MAX = 4_000_000
# Fewer events are found faster one by one.
UNIFORM_EVENTS_MIN = 32


@dataclass(frozen=True, eq=False)
class EventColumns:
    """`count` events in `data`: event i is ``data[starts[i]:ends[i]]``.

    Its body is ``data[body_starts[i]:ends[i]]``. Its headers are those from ``header_offsets[i]``
    up to ``header_offsets[i + 1]``. Header j has the key ``data[key_starts[j]:key_ends[j]]`` and
    the value ``data[value_starts[j]:value_ends[j]]``. If an event has a key twice, the last one
    counts.
    """

    data: bytes | memoryview
    count: int
    starts: Ints
    body_starts: Ints
    ends: Ints
    header_offsets: Ints  # count + 1
    key_starts: Ints
    key_ends: Ints
    value_starts: Ints
    value_ends: Ints
    # The keys that every event has, in this order; None if the events may differ in their keys.
    keys: tuple[bytes, ...] | None = field(default=None, kw_only=True)


def scan_events(data: bytes | memoryview, count: int) -> EventColumns:
    """Find the `count` events that fill `data`.

    Raises `EventCorrupt` unless `data` is exactly that many events, and for more than `HEADERS_MAX`
    headers.
    """
    if count >= UNIFORM_EVENTS_MIN and (found := find_uniform_events(data, count, HEADERS_MAX)):
        keys, positions = found
        return EventColumns(data, count, *positions, keys=keys)
    return EventColumns(data, count, *_scan_each(bytes(data), count))


def slice_events(columns: EventColumns, first: int, last: int) -> EventColumns:
    """Return only the events `first` to `last` - 1, in the same `data`."""
    offsets = columns.header_offsets[first : last + 1]
    headers = slice(offsets[0], offsets[-1])
    return EventColumns(
        columns.data,
        last - first,
        columns.starts[first:last],
        columns.body_starts[first:last],
        columns.ends[first:last],
        offsets - offsets[0],
        columns.key_starts[headers],
        columns.key_ends[headers],
        columns.value_starts[headers],
        columns.value_ends[headers],
        keys=columns.keys,
    )


def join_events(columns: EventColumns, keep: Mask) -> bytes:
    """Return the bytes of the events for which `keep` is true (one bool an event), joined."""
    edges = np.flatnonzero(np.diff(keep, prepend=False, append=False))
    starts = columns.starts[edges[::2]].tolist()
    ends = columns.ends[edges[1::2] - 1].tolist()
    return b"".join(columns.data[start:end] for start, end in zip(starts, ends, strict=True))


def find_header(columns: EventColumns, key: bytes) -> Ints:
    """Return the index of each event's header `key`, -1 if the event does not have it."""
    if columns.keys is not None and key in columns.keys:
        last = len(columns.keys) - 1 - columns.keys[::-1].index(key)
        return columns.header_offsets[:-1] + last
    found = np.full(columns.count, -1)
    if columns.keys is None:
        same = np.flatnonzero(columns.key_ends - columns.key_starts == len(key))
        same = same[has_text(as_words(columns.data), columns.key_starts[same], key)]
        # If an event has the key twice, numpy keeps the last index.
        found[np.searchsorted(columns.header_offsets, same, side="right") - 1] = same
    return found


def _scan_each(data: bytes, count: int) -> Iterator[Ints]:
    """Yield the columns of an `EventColumns`, found by reading one event after the other."""
    starts, bodies, ends = array("q"), array("q"), array("q")
    offsets = array("q", [0])
    spans = (array("q"), array("q"), array("q"), array("q"))
    position = 0
    for _ in range(count):
        try:
            body = position + 1
            if data[position]:
                body = _scan_headers(data, position, spans)
            body, end = _span(data, body)
        except IndexError:
            raise EventCorrupt(f"{len(ends):,} events where {count:,} are announced") from None
        starts.append(position)
        bodies.append(body)
        ends.append(end)
        offsets.append(len(spans[0]))
        position = end
    if position != len(data):
        raise EventCorrupt(f"{len(data) - position:,} bytes too many after {count:,} events")
    return (np.array(column, np.int64) for column in (starts, bodies, ends, offsets, *spans))


def _scan_headers(data: bytes, position: int, spans: tuple[array[int], ...]) -> int:
    """Add the headers at `position` to `spans`; return the position after them."""
    key_starts, key_ends, value_starts, value_ends = spans
    while True:
        count, position = read_map_block(data, position)
        if count == 0:
            return position
        if 2 * count > len(data) - position:
            raise EventCorrupt(f"{count} headers in {len(data) - position} bytes")
        if len(key_starts) + count > HEADERS_MAX:
            raise EventCorrupt(
                f"more than {HEADERS_MAX:,} headers in a batch; lower the sink's batch-size"
            )
        for _ in range(count):
            start, position = _span(data, position)
            key_starts.append(start)
            key_ends.append(position)
            start, position = _span(data, position)
            value_starts.append(start)
            value_ends.append(position)


def _span(data: bytes, position: int) -> tuple[int, int]:
    """Return where the text whose length is at `position` starts and ends."""
    low = data[position]
    if low < 0x80 and not low & 1:  # most are short, and calls are slow
        length, start = low >> 1, position + 1
    else:
        length, start = read_long(data, position)
    left = len(data) - start
    if not 0 <= length <= left:
        raise EventCorrupt(f"length of {length} bytes with {left} left, at byte {position}")
    return start, start + length
