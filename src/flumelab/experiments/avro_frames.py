"""What passes between Flume's avro sink and a receiver: frames, calls and the events in them.

A frame is ``serial, count, (length, bytes)…`` with big-endian numbers of 4 bytes. Its bytes joined
are a call: a handshake, if it is the connection's first; metadata; the message's name; the events.
The layout is that of Avro's specification ("Protocol Wire Format") and of Flume's flume.avdl. This
reads only what it must, and independently of the receiver, which has its own code for it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HASH_BYTES = 16
OK = b"\0\0\0"  # the end of an answer: no metadata, no error, Status.OK
FRAME_BYTES_MAX = 1 << 30


@dataclass(frozen=True)
class Frame:
    """One frame: its bytes as they came, and the call or answer in it."""

    raw: bytes
    payload: bytes

    @property
    def is_ok(self) -> bool:
        """Whether it is an answer that says OK."""
        return self.payload.endswith(OK)


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are whole with these bytes."""
        self._bytes += data
        while (frame := self._first()) is not None:
            del self._bytes[: len(frame.raw)]
            yield frame

    def _first(self) -> Frame | None:
        whole = self._bytes
        if len(whole) < 8:
            return None
        _, count = struct.unpack_from(">II", whole)
        at, parts = 8, []
        for _ in range(count):
            if len(whole) < at + 4:
                return None
            [size] = struct.unpack_from(">I", whole, at)
            if size > FRAME_BYTES_MAX:
                raise ValueError(f"a frame of {size} bytes")
            if len(whole) < at + 4 + size:
                return None
            parts.append(bytes(whole[at + 4 : at + 4 + size]))
            at += 4 + size
        return Frame(bytes(whole[:at]), b"".join(parts))


def bodies(call: bytes, first: bool) -> list[bytes]:
    """Return the body of each event of a call, in order; none if it brings no events.

    :param first: whether it is the connection's first call, which begins with a handshake
    """
    cursor = _Cursor(call)
    if first:
        cursor.skip_handshake()
    cursor.skip_map()
    message = cursor.take()
    if message == b"append":
        return [cursor.event()]
    return list(cursor.events()) if message == b"appendBatch" else []


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self) -> int:
        shift = value = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value >> 1 ^ -(value & 1)
            shift += 7

    def take(self) -> bytes:
        size = self.number()
        self._at += size
        return self._data[self._at - size : self._at]

    def blocks(self) -> Iterator[int]:
        """Yield the number of items of each block of an array or map."""
        while count := self.number():
            if count < 0:
                self.number()  # the block's size in bytes
            yield abs(count)

    def skip_map(self) -> None:
        for count in self.blocks():
            for _ in range(2 * count):
                self.take()

    def skip_handshake(self) -> None:
        self._at += HASH_BYTES
        if self.number():  # the client's protocol
            self.take()
        self._at += HASH_BYTES
        if self.number():
            self.skip_map()

    def event(self) -> bytes:
        self.skip_map()
        return self.take()

    def events(self) -> Iterator[bytes]:
        for count in self.blocks():
            for _ in range(count):
                yield self.event()
