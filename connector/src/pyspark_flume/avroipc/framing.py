"""Avro RPC's frames over Netty, and the zlib stream that may wrap them.

A frame is ``serial:int32, buffers:int32``, then ``length:int32, bytes`` for each buffer, all
big-endian. Its payload is the joined bytes of the buffers. The answer to a call has the call's
serial.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import ProtocolError
from pyspark_flume.units import KIB

FRAME = struct.Struct(">II")  # serial, buffer count
LENGTH = struct.Struct(">I")  # of a buffer, in bytes

AVRO_BUFFER_BYTES = 8 * KIB  # Avro's writers cut a payload into buffers of this size
INFLATED_PIECE_BYTES_MAX = 256 * KIB  # a piece is in memory twice


class Frame(NamedTuple):
    """One call or answer: its number on the connection, and the joined bytes of its buffers."""

    serial: int
    payload: bytearray


def frame(serial: int, payload: bytes) -> bytes:
    """Return the bytes of a frame of one buffer."""
    return FRAME.pack(serial, 1) + LENGTH.pack(len(payload)) + payload


class FrameReader:
    """Cuts a byte stream into frames.

    A payload grows only as bytes arrive, never because a length claims them.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._split = bytearray()  # the first bytes of a number that a chunk's end has split
        self._serial = 0
        self._buffers_left = 0  # buffers whose lengths have not arrived
        self._bytes_left = 0  # of the current buffer
        self._payload = bytearray()

    @property
    def reserved(self) -> int:
        """Bytes of the frame that is arriving.

        A buffer whose length has not arrived counts as one of Avro's usual size.
        """
        coming = self._bytes_left + self._buffers_left * AVRO_BUFFER_BYTES
        return min(len(self._payload) + coming, self._limits.frame_bytes_max)

    @property
    def in_frame(self) -> bool:
        """Whether a part of a frame has arrived and the rest has not."""
        return bool(self._buffers_left or self._bytes_left or self._split)

    def receive_data(self, data: bytes | bytearray | memoryview) -> Iterator[Frame]:
        """Yield the frames that end in `data`; the caller must read all of them.

        The frames are copies of its bytes. Raises `ProtocolError` for a number above a limit; after
        that the reader cannot continue.
        """
        view = memoryview(data)
        position, end = 0, len(view)
        while position < end:
            if self._bytes_left:
                part = view[position : position + self._bytes_left]
                self._payload += part
                self._bytes_left -= len(part)
                position += len(part)
            else:
                header = LENGTH if self._buffers_left else FRAME
                number, position = self._read(view, position, header.size)
                if len(number) < header.size:
                    return
                if header is LENGTH:
                    self._begin_buffer(*LENGTH.unpack(number))
                else:
                    self._begin_frame(*FRAME.unpack(number))
            if not self._buffers_left and not self._bytes_left:
                payload, self._payload = self._payload, bytearray()
                yield Frame(self._serial, payload)

    def _read(
        self, view: memoryview, position: int, size: int
    ) -> tuple[memoryview | bytearray, int]:
        """Return a number's `size` bytes, or those that have arrived, and the position after it."""
        end = position + size - len(self._split)
        number: memoryview | bytearray = view[position:end]
        if self._split or len(number) < size:
            number = self._split + number
            self._split = number if len(number) < size else bytearray()
        return number, end

    def _begin_frame(self, serial: int, buffers: int) -> None:
        if buffers > self._limits.frame_buffers_max:
            raise ProtocolError(
                f"frame of {buffers:,} buffers, the limit is {self._limits.frame_buffers_max:,}"
            )
        self._serial, self._buffers_left = serial, buffers

    def _begin_buffer(self, length: int) -> None:
        size = len(self._payload) + length
        if size > self._limits.frame_bytes_max:
            raise ProtocolError(
                f"frame of at least {size:,} bytes, the limit is"
                f" {self._limits.frame_bytes_max:,}; {self._limits.remedy}"
            )
        self._buffers_left -= 1
        self._bytes_left = length


class Inflater:
    """The zlib stream around a sink's frames (its ``compression-type = deflate``)."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj()

    def inflate(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Yield what `data` inflates to, in small pieces that are made on demand.

        Raises `ProtocolError` if `data` is not zlib or continues after the stream's end.
        """
        while True:
            if self._zlib.eof:
                if data:
                    raise ProtocolError("the zlib stream has ended, but more bytes follow")
                return
            try:
                piece = self._zlib.decompress(data, INFLATED_PIECE_BYTES_MAX)
            except zlib.error as error:
                raise ProtocolError(f"bytes are not zlib ({error})") from None
            if piece:
                yield piece
            data = self._zlib.unused_data or self._zlib.unconsumed_tail
            # After a full piece zlib may hold more, although it has consumed all of `data`.
            if not data and len(piece) < INFLATED_PIECE_BYTES_MAX:
                return
