"""One avro sink's connection, without a socket: received bytes in, calls out; results in, answers
out."""

import zlib
from collections.abc import Iterator
from typing import Generic

from pyspark_flume.avroipc.event_array import Events, Scan
from pyspark_flume.avroipc.framing import FRAME, Frame, FrameReader, Inflater, frame
from pyspark_flume.avroipc.limits import LIMITS, Limits
from pyspark_flume.avroipc.push_calls import Call, PushCalls
from pyspark_flume.errors import ProtocolError

TLS_HANDSHAKE = b"\x16\x03"
ZLIB_HEADER = b"\x78"  # deflate with a window of 32 KiB, at any level


class PushConnection(Generic[Events]):
    """Reads the calls of one Flume avro sink and writes their answers.

    Pass each chunk from the socket to `receive_data`, store each call's events, then send what
    `answer` returns. Answer the calls in order.

    :param scan: makes a call's events from their bytes; see `Scan`
    :param compressed: the sink has ``compression-type = deflate``
    """

    def __init__(
        self, scan: Scan[Events], limits: Limits = LIMITS, compressed: bool = False
    ) -> None:
        self._limits = limits
        self._frames = FrameReader(limits)
        self._calls = PushCalls(scan, limits)
        self._inflater = Inflater() if compressed else None
        self._deflater = zlib.compressobj() if compressed else None
        self._opening = b""  # the stream's first two bytes
        self._had_call = False

    @property
    def reserved(self) -> int:
        """Bytes of the frame that is arriving, as far as they are known: see `FrameReader`.

        They are held only as they arrive, so a memory budget can admit or delay them beforehand.
        """
        return self._frames.reserved

    @property
    def in_frame(self) -> bool:
        """Whether a frame has begun but not ended; meanwhile the client must not stall."""
        return self._frames.in_frame

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Call[Events]]:
        """Return the calls that end in `data`, in order; `data` may be reused afterwards.

        Raises `ProtocolError`; then the connection can only be closed, and calls of the same `data`
        before the error stay unanswered.
        """
        if len(self._opening) < 2:
            self._opening += bytes(data[: 2 - len(self._opening)])
        calls: list[Call[Events]] = []
        try:
            for serial, payload in self._read_frames(data):
                if len(calls) == self._limits.chunk_calls_max:
                    raise ProtocolError(
                        f"more than {len(calls):,} calls in {len(data):,} bytes; wait for answers"
                    )
                calls.append(self._calls.read(serial, payload))
                self._had_call = True
        except ProtocolError as error:
            if self._had_call:
                raise
            raise ProtocolError(f"{error}; {self._hint()}") from None
        return calls

    def answer(self, call: Call[Events], stored: bool) -> bytes:
        """Return the bytes to send for `call`: OK if its events are `stored`, else FAILED.

        After FAILED, Flume keeps the batch and sends it again.
        """
        data = frame(call.serial, call.if_stored if stored else call.if_failed)
        if self._deflater:
            return self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        return data

    def _read_frames(self, data: bytes | bytearray | memoryview) -> Iterator[Frame]:
        if not self._inflater:
            yield from self._frames.receive_data(data)
            return
        # Room for a whole frame with its lengths. A sink waits for an answer before it sends its
        # next batch, so a chunk with more than that does not come from a sink.
        limit = self._limits.frame_bytes_max + 4 * self._limits.frame_buffers_max + FRAME.size
        inflated = 0
        for piece in self._inflater.inflate(data):
            inflated += len(piece)
            if inflated > limit:
                raise ProtocolError(
                    f"{len(data):,} bytes that inflate to more than {limit:,};"
                    f" {self._limits.remedy}"
                )
            yield from self._frames.receive_data(piece)

    def _hint(self) -> str:
        """Return what to set differently, for a client whose first bytes are not a call."""
        if self._opening == TLS_HANDSHAKE:
            return "if the sink has ssl = true, set it to false: this receiver has no TLS"
        if self._opening.startswith(ZLIB_HEADER) and not self._inflater:
            return "if the sink has compression-type = deflate, turn compression on here, too"
        if self._inflater and self._opening == b"\0\0":
            return "set compression-type = deflate on the sink, or turn compression off here"
        return "only Flume's avro sink (or its RPC client) may connect here"
