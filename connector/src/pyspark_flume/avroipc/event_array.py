"""A batch of events as Avro has it: an array.

That is blocks of a count and its items, until a count of 0. A negative count is followed by the
block's size in bytes.
"""

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import EventCorrupt, ProtocolError
from pyspark_flume.events.columns import EventColumns, scan_events
from pyspark_flume.events.record import _read_long, skip_event

_EVENT_BYTES_MIN = 2


def read_batch(data: memoryview, limits: Limits) -> EventColumns | None:
    """The events of the Avro array that fills `data`, None if there are none.

    Raises `EventCorrupt` where it does not fill it, and `ProtocolError` over a limit.
    """
    count, start = _read_count(data, 0, 0, limits)
    if count > 0 and data[-1] == 0:
        # Nearly always there is one block: then the items are all but the 0 at the end.
        try:
            return scan_events(data[start:-1], count)
        except EventCorrupt:
            if len(data) > limits.split_batch_bytes_max:
                raise
    return _join_blocks(data, limits)


def _join_blocks(data: memoryview, limits: Limits) -> EventColumns | None:
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
            size, position = _read_long(data, position)
        start = position
        for _ in range(abs(count)):
            position = skip_event(data, position)
        if size not in (None, position - start):
            raise EventCorrupt(f"block of {size} bytes has {position - start}")
        items += data[start:position]
        events += abs(count)
        count, position = _read_count(data, position, events, limits)
    if position != len(data):
        raise EventCorrupt(f"{len(data) - position:,} bytes too many behind the events")
    return scan_events(memoryview(items), events) if events else None


def _read_count(data: memoryview, position: int, before: int, limits: Limits) -> tuple[int, int]:
    """The count of a block that comes behind `before` events."""
    count, position = _read_long(data, position)
    left = len(data) - position
    if _EVENT_BYTES_MIN * abs(count) > left:
        raise EventCorrupt(f"block of {abs(count):,} events in the last {left:,} bytes")
    if before + abs(count) > limits.batch_events_max:
        raise ProtocolError(
            f"batch of at least {before + abs(count):,} events, the limit is"
            f" {limits.batch_events_max:,}; {limits.remedy}"
        )
    return count, position
