"""One client's connection, with no socket in it: what came in, calls out; answers in, what is to be
sent out."""

import zlib
from collections.abc import Iterator

from pyspark_flume.avroipc.framing import FRAME, Frame, FrameReader, Inflater, frame
from pyspark_flume.avroipc.limits import LIMITS, Limits
from pyspark_flume.avroipc.push_calls import AvroSource, Call
from pyspark_flume.errors import ProtocolError

TLS_HANDSHAKE = b"\x16\x03"
ZLIB_HEADER = b"\x78"  # deflate with a window of 32 KiB, at any level


class Connection:
    """Reads the calls of one Flume avro sink and writes their answers.

    `compressed` is for a sink with ``compression-type = deflate``. For each chunk from the socket
    pass it to `receive_data`, store each call's events, then send what `answer` returns. Answer in
    the order of the calls.
    """

    def __init__(self, limits: Limits = LIMITS, compressed: bool = False) -> None:
        self._limits = limits
        self._frames = FrameReader(limits)
        self._source = AvroSource(limits)
        self._inflater = Inflater() if compressed else None
        self._deflater = zlib.compressobj() if compressed else None
        self._opening = b""  # the stream's first two bytes
        self._had_call = False

    @property
    def reserved(self) -> int:
        """Bytes of the frame under way, as far as they are known: see `FrameReader`.

        They are held only as they arrive; admission of memory can go by this figure before that.
        """
        return self._frames.reserved

    @property
    def in_frame(self) -> bool:
        """Whether a part of a frame has come and the rest has not: the client may not stall."""
        return self._frames.in_frame

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Call]:
        """The calls that end in `data`, in order; `data` may be used again afterwards.

        Raises `ProtocolError`; then the connection can only be closed, and calls of the same `data`
        before the error stay unanswered.
        """
        if len(self._opening) < 2:
            self._opening += bytes(data[: 2 - len(self._opening)])
        calls: list[Call] = []
        try:
            for serial, payload in self._read_frames(data):
                if len(calls) == self._limits.chunk_calls_max:
                    raise ProtocolError(
                        f"more than {len(calls):,} calls in {len(data):,} bytes; wait for answers"
                    )
                calls.append(self._source.read(serial, payload))
                self._had_call = True
        except ProtocolError as error:
            if self._had_call:
                raise
            raise ProtocolError(f"{error}; {self._hint()}") from None
        return calls

    def answer(self, call: Call, stored: bool) -> bytes:
        """The bytes to send for `call`: OK if its events are `stored`, else FAILED.

        Flume keeps a batch that was not taken, and sends it again.
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
        # next batch, so what is more in one chunk is no sink's.
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
        """What has to be set otherwise, if a client's first call is none."""
        if self._opening == TLS_HANDSHAKE:
            return "if the sink has ssl = true, set it to false: this receiver has no TLS"
        if self._opening.startswith(ZLIB_HEADER) and not self._inflater:
            return "if the sink has compression-type = deflate, turn compression on here, too"
        if self._inflater and self._opening == b"\0\0":
            return "set compression-type = deflate on the sink, or turn compression off here"
        return "only Flume's avro sink (or its RPC client) may connect here"
