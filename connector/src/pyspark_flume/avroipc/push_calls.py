"""The server's side of Flume's ``AvroSourceProtocol``: the bytes of a call in, the events and the
bytes of the answer out.

See "Protocol Wire Format" in the Avro 1.12 specification. Events are not decoded: they stay the
bytes of their Avro records.
"""

from dataclasses import dataclass

from pyspark_flume.avroipc.event_array import read_batch
from pyspark_flume.avroipc.handshake import NONE, read_handshake
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.schema_check import printable
from pyspark_flume.errors import EventCorrupt, ProtocolError
from pyspark_flume.events.columns import EventColumns, scan_events
from pyspark_flume.events.record import _long, _read_long, skip_bytes, skip_map

# An answer: metadata (an empty map), whether there is an error, then a status or the error.
OK = b"\0\0\0"
FAILED = b"\0\0\2"
_ERROR = b"\0\1\0"  # the error's first branch is a string


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
                events = read_batch(data[position:], self._limits)
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


def _unknown(name: bytes) -> bytes:
    """The answer to a call that Flume's protocol does not have."""
    called = printable(name.decode("utf-8", "replace"))
    text = f"unknown message '{called}', expected append or appendBatch".encode()
    return _ERROR + _long(len(text)) + text
