"""A batch of events as an Avro array.

An array is blocks of a count and its items, until a count of 0. A negative count is followed by the
block's size in bytes. The events stay bytes here: the caller gives a `Scan`, which turns them into
what the caller works with.
"""

from collections.abc import Callable
from typing import TypeVar

from pyspark_flume.avro_binary import read_long, skip_bytes, skip_map
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import EventCorrupt, ProtocolError

_EVENT_BYTES_MIN = 2  # no headers, an empty body

Events = TypeVar("Events")

Scan = Callable[[memoryview, int], Events]
"""Returns the batch whose events have these bytes and this count.

Called once for each batch. Raises `EventCorrupt` unless the bytes are exactly that many events.
"""


def read_batch(data: memoryview, limits: Limits, scan: Scan[Events]) -> Events | None:
    """Return the events of the Avro array that fills `data`, None if it has none.

    Raises `EventCorrupt` if the array does not fill `data`, and `ProtocolError` above a limit.
    """
    count, start = _read_count(data, 0, 0, limits)
    if count > 0 and data[-1] == 0:
        # There is nearly always one block; then everything but the 0 at the end is its items.
        try:
            return scan(data[start:-1], count)
        except EventCorrupt:
            if len(data) > limits.split_batch_bytes_max:
                raise
    return _join_blocks(data, limits, scan)


def _join_blocks(data: memoryview, limits: Limits, scan: Scan[Events]) -> Events | None:
    if len(data) > limits.split_batch_bytes_max:
        raise EventCorrupt(
            f"batch of {len(data):,} bytes in several blocks, the limit is"
            f" {limits.split_batch_bytes_max:,}; send one block or smaller batches"
        )
    items = bytearray()
    events = 0
    count, position = _read_count(data, 0, 0, limits)
    while count:
        size = None
        if count < 0:
            size, position = read_long(data, position)
        start = position
        for _ in range(abs(count)):
            position = skip_bytes(data, skip_map(data, position))  # headers, body
        if size not in (None, position - start):
            raise EventCorrupt(f"block of {position - start} bytes that claims {size}")
        items += data[start:position]
        events += abs(count)
        count, position = _read_count(data, position, events, limits)
    if position != len(data):
        raise EventCorrupt(f"{len(data) - position:,} bytes too many after the events")
    return scan(memoryview(items), events) if events else None


def _read_count(data: memoryview, position: int, before: int, limits: Limits) -> tuple[int, int]:
    """Return the count of the block at `position`, and the position after it.

    :param before: events in the blocks before it
    """
    count, position = read_long(data, position)
    left = len(data) - position
    if _EVENT_BYTES_MIN * abs(count) > left:
        raise EventCorrupt(f"block of {abs(count):,} events in the last {left:,} bytes")
    if before + abs(count) > limits.batch_events_max:
        raise ProtocolError(
            f"batch of at least {before + abs(count):,} events, the limit is"
            f" {limits.batch_events_max:,}; {limits.remedy}"
        )
    return count, position
