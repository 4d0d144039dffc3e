"""The server's side of Flume's ``AvroSourceProtocol``: bytes of a call in, events and the bytes of
its answer out.

See "Protocol Wire Format" in the Avro 1.12 specification.
"""

from dataclasses import dataclass
from typing import Generic

from pyspark_flume.avro_binary import encode_bytes, read_bytes, skip_map
from pyspark_flume.avroipc.event_array import Events, Scan, read_batch
from pyspark_flume.avroipc.handshake import NONE, read_handshake
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.protocol_check import printable
from pyspark_flume.errors import EventCorrupt, ProtocolError

# An answer: metadata (an empty map), whether there is an error, then a status or the error.
OK = b"\0\0\0"
FAILED = b"\0\0\2"
_ERROR = b"\0\1\0"  # the error's first branch is a string


@dataclass(frozen=True)
class Call(Generic[Events]):
    """One call of a client, to be answered under its serial.

    `events` has to be stored before the call may be answered as stored. It is None if there is
    nothing to store: an empty batch, only a handshake, or a call that Flume does not have.
    """

    serial: int
    events: Events | None
    if_stored: bytes  # the answer's payload
    if_failed: bytes


class PushCalls(Generic[Events]):
    """Reads the calls of one connection; the first one carries the handshake.

    :param scan: makes a call's events from their bytes
    """

    def __init__(self, scan: Scan[Events], limits: Limits) -> None:
        self._scan = scan
        self._limits = limits
        self._connected = False

    def read(self, serial: int, payload: bytearray) -> Call[Events]:
        """Read one call. The call keeps `payload`, so the caller must not change it afterwards.

        Raises `ProtocolError` if the bytes are not a call.
        """
        data = memoryview(payload)
        greeting, position = b"", 0
        if not self._connected:
            greeting, position = read_handshake(data, self._limits)
            # A client that is answered NONE sends the call again, with its protocol.
            self._connected = greeting is not NONE
            if not self._connected or position == len(data):
                return Call(serial, None, greeting, greeting)
        try:
            name, position = self._read_name(data, position)
            if name == b"appendBatch":
                events = read_batch(data[position:], self._limits, self._scan)
            elif name == b"append":
                events = self._scan(data[position:], 1)
            else:
                answer = greeting + (_unknown(name) if name else b"")  # no name: Avro's ping
                return Call(serial, None, answer, answer)
        except EventCorrupt as error:
            raise ProtocolError(f"call {serial} is damaged: {error}") from None
        return Call(serial, events, greeting + OK, greeting + FAILED)

    def _read_name(self, data: memoryview, position: int) -> tuple[bytes, int]:
        metadata_end_max = position + self._limits.head_bytes_max
        return read_bytes(data, skip_map(data[:metadata_end_max], position))


def _unknown(name: bytes) -> bytes:
    """Return the answer to a call that Flume's protocol does not have."""
    called = printable(name.decode("utf-8", "replace"))
    return _ERROR + encode_bytes(
        f"unknown message '{called}', expected append or appendBatch".encode()
    )
