"""The server's side of Flume's ``AvroSourceProtocol``: the bytes of a call in, the events and the
bytes of the answer out.

See "Protocol Wire Format" in the Avro 1.12 specification. Events are not decoded: they stay the
bytes of their Avro records.
"""

from dataclasses import dataclass

from pyspark_flume.avroipc.columns import EventColumns, scan_events
from pyspark_flume.avroipc.events import _long, _read_long, skip_bytes, skip_event, skip_map
from pyspark_flume.avroipc.handshake import NONE, printable, read_handshake
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import EventCorrupt, ProtocolError

# An answer: metadata (an empty map), whether there is an error, then a status or the error.
OK = b"\0\0\0"
FAILED = b"\0\0\2"
_ERROR = b"\0\1\0"  # the error's first branch is a string

_EVENT_BYTES_MIN = 2


@dataclass(frozen=True)
class Call:
    """One call of a client, to be answered under its serial.

    `events` is what has to be stored before it may be answered as stored; None if there is nothing
    to store (an empty batch, a handshake alone, a call that Flume does not have).
    """

    serial: int
    events: EventColumns | None
    if_stored: bytes  # the answer's payload
    if_failed: bytes


class AvroSource:
    """The calls of one connection, of which the first carries the handshake."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connected = False

    def read(self, serial: int, payload: bytearray) -> Call:
        """Read one call; `payload` belongs to it from then on.

        Raises `ProtocolError` where the bytes are no call.
        """
        data = memoryview(payload)
        greeting, position = b"", 0
        if not self._connected:
            greeting, position = read_handshake(data, self._limits)
            # A client that is not known sends its protocol and the call again.
            self._connected = greeting is not NONE
            if not self._connected or position == len(data):
                return Call(serial, None, greeting, greeting)
        try:
            name, position = self._read_name(data, position)
            if name == b"appendBatch":
                events = self._read_batch(data[position:])
            elif name == b"append":
                events = scan_events(data[position:], 1)
            else:
                answer = greeting + (_unknown(name) if name else b"")  # no name: Avro's ping
                return Call(serial, None, answer, answer)
        except EventCorrupt as error:
            raise ProtocolError(f"call {serial} is damaged: {error}") from None
        return Call(serial, events, greeting + OK, greeting + FAILED)

    def _read_name(self, data: memoryview, position: int) -> tuple[bytes, int]:
        metadata_end_max = position + self._limits.head_bytes_max
        start = skip_map(data[:metadata_end_max], position)
        end = skip_bytes(data, start)
        _, start = _read_long(data, start)
        return bytes(data[start:end]), end

    def _read_batch(self, data: memoryview) -> EventColumns | None:
        """The events of an Avro array: blocks of a count and its items, the last count is 0."""
        count, start = self._read_count(data, 0, 0)
        if count > 0 and data[-1] == 0:
            # Nearly always there is one block: then the items are all but the 0 at the end.
            try:
                return scan_events(data[start:-1], count)
            except EventCorrupt:
                if len(data) > self._limits.split_batch_bytes_max:
                    raise
        return self._join_blocks(data)

    def _join_blocks(self, data: memoryview) -> EventColumns | None:
        if len(data) > self._limits.split_batch_bytes_max:
            raise EventCorrupt(
                f"batch of {len(data):,} bytes in several blocks, the limit is"
                f" {self._limits.split_batch_bytes_max:,}; send one block or smaller batches"
            )
        items = bytearray()
        events = 0
        count, position = self._read_count(data, 0, 0)
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
            count, position = self._read_count(data, position, events)
        if position != len(data):
            raise EventCorrupt(f"{len(data) - position:,} bytes too many behind the events")
        return scan_events(memoryview(items), events) if events else None

    def _read_count(self, data: memoryview, position: int, before: int) -> tuple[int, int]:
        """The count of a block that comes behind `before` events."""
        count, position = _read_long(data, position)
        left = len(data) - position
        if _EVENT_BYTES_MIN * abs(count) > left:
            raise EventCorrupt(f"block of {abs(count):,} events in the last {left:,} bytes")
        if before + abs(count) > self._limits.batch_events_max:
            raise ProtocolError(
                f"batch of at least {before + abs(count):,} events, the limit is"
                f" {self._limits.batch_events_max:,}; lower the sink's batch-size"
            )
        return count, position


def _unknown(name: bytes) -> bytes:
    """The answer to a call that Flume's protocol does not have."""
    called = printable(name.decode("utf-8", "replace"))
    text = f"unknown message '{called}', expected append or appendBatch".encode()
    return _ERROR + _long(len(text)) + text
