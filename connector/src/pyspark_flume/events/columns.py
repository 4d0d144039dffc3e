"""Where the events of a batch stand, as numpy columns: no Python object for an event.

An event is the Avro record of `pyspark_flume.events.record`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from pyspark_flume.errors import EventCorrupt
from pyspark_flume.events.bulk_read import Ints, Mask, has_text, words_of
from pyspark_flume.events.record import _read_long
from pyspark_flume.events.uniform import find_alike

# A header of 2 bytes has 32 as columns: a hostile batch of 64 MiB would take 1 GiB.
HEADERS_MAX = 4_000_000
# Fewer events are found faster one by one.
_ALIKE_EVENTS_MIN = 32


@dataclass(frozen=True, eq=False)
class EventColumns:
    """`count` events in `data`: event i is ``data[starts[i]:ends[i]]``.

    Its body is ``data[body_starts[i]:ends[i]]``. Its headers are those from ``header_offsets[i]``
    up to ``header_offsets[i + 1]``. Header j has the key ``data[key_starts[j]:key_ends[j]]`` and
    the value ``data[value_starts[j]:value_ends[j]]``. If a key comes twice, the last one counts.
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
    # The keys of every event, in this order; None if they are not known to be the same.
    keys: tuple[bytes, ...] | None = field(default=None, kw_only=True)


def scan_events(data: bytes | memoryview, count: int) -> EventColumns:
    """Find the `count` events that fill `data`.

    Raises `EventCorrupt` where they do not: a length that lies, a byte too many or too few, and for
    more than `HEADERS_MAX` headers.
    """
    if count >= _ALIKE_EVENTS_MIN and (alike := find_alike(data, count, HEADERS_MAX)):
        keys, positions = alike
        return EventColumns(data, count, *positions, keys=keys)
    return EventColumns(data, count, *_scan_each(bytes(data), count))


def part(columns: EventColumns, first: int, last: int) -> EventColumns:
    """The events [first, last) alone, in the same `data`."""
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


def select(columns: EventColumns, keep: Mask) -> bytes:
    """The bytes of the events for which `keep` holds (one bool an event), joined."""
    edges = np.flatnonzero(np.diff(keep, prepend=False, append=False))
    starts = columns.starts[edges[::2]].tolist()
    ends = columns.ends[edges[1::2] - 1].tolist()
    return b"".join(columns.data[start:end] for start, end in zip(starts, ends, strict=True))


def header(columns: EventColumns, key: bytes) -> Ints:
    """The index of each event's header `key`, -1 where it has none."""
    if columns.keys is not None and key in columns.keys:
        last = len(columns.keys) - 1 - columns.keys[::-1].index(key)
        return columns.header_offsets[:-1] + last
    found = np.full(columns.count, -1)
    if columns.keys is None:
        same = np.flatnonzero(columns.key_ends - columns.key_starts == len(key))
        same = same[has_text(words_of(columns.data), columns.key_starts[same], key)]
        # Of several values for one place, numpy assigns the last.
        found[np.searchsorted(columns.header_offsets, same, side="right") - 1] = same
    return found


def _scan_each(data: bytes, count: int) -> Iterator[Ints]:
    """All columns of an `EventColumns`, found one event after the other."""
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
        raise EventCorrupt(f"{len(data) - position:,} bytes too many behind {count:,} events")
    return (np.array(column, np.int64) for column in (starts, bodies, ends, offsets, *spans))


def _scan_headers(data: bytes, position: int, spans: tuple[array[int], ...]) -> int:
    key_starts, key_ends, value_starts, value_ends = spans
    while True:
        count, position = _read_long(data, position)
        if count == 0:
            return position
        if count < 0:
            count = -count
            _, position = _read_long(data, position)
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
    """Where the text with its length at `position` starts and ends."""
    low = data[position]
    if low < 0x80 and not low & 1:  # most are short, and calls are slow
        length, start = low >> 1, position + 1
    else:
        length, start = _read_long(data, position)
    left = len(data) - start
    if not 0 <= length <= left:
        raise EventCorrupt(f"length of {length} bytes with {left} left, at byte {position}")
    return start, start + length
