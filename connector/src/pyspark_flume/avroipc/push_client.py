"""The client's side of Flume's ``AvroSourceProtocol``: events in, bytes of calls out.

With this protocol one avro sink feeds an avro source, or a receiver of this package.
"""

from collections.abc import Sequence
from dataclasses import replace

from pyspark_flume.avro_binary import encode_bytes, encode_long, read_bytes, read_long, skip_map
from pyspark_flume.avroipc.framing import Frame, FrameReader, frame
from pyspark_flume.avroipc.handshake import (
    PROTOCOL_TEXT,
    SOURCE_PROTOCOL,
    STATUSES,
    encode_handshake,
    read_handshake_answer,
)
from pyspark_flume.avroipc.limits import LIMITS, Limits
from pyspark_flume.avroipc.protocol_check import printable
from pyspark_flume.errors import EventCorrupt, ProtocolError

_RECEIVER_PROTOCOL = replace(SOURCE_PROTOCOL, peer="receiver")
_END_OF_ARRAY = b"\0"


class PushClient:
    """Sends batches of events over one connection.

    Send what `append_batch` returns, and pass each chunk from the socket to `receive_data`.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._frames = FrameReader(limits)
        self._serial = 0  # of the last call
        self._answered = 0  # the serial of the last answer
        self._greeted = False  # whether the handshake has been answered

    def append_batch(self, events: Sequence[bytes]) -> bytes:
        """Return the bytes of a call; its events, each encoded, are stored together or not at all.

        The first call carries the handshake.
        """
        handshake = b"" if self._serial else encode_handshake(PROTOCOL_TEXT)
        self._serial += 1
        block = encode_long(len(events)) + b"".join(events) if events else b""
        metadata = b"\0"
        call = metadata + encode_bytes(b"appendBatch") + block + _END_OF_ARRAY
        return frame(self._serial, handshake + call)

    def receive_data(self, data: bytes) -> list[str]:
        """Return the answers that end in `data`, in order: "OK", "FAILED" or "UNKNOWN".

        Only after OK are the events safe. Raises `ProtocolError` if the bytes are no answer, or if
        the peer reports an error; then the connection can only be closed.
        """
        return [self._read(answer) for answer in self._frames.receive_data(data)]

    def _read(self, answer: Frame) -> str:
        self._answered += 1
        if answer.serial != self._answered or self._answered > self._serial:
            raise ProtocolError(f"answer {answer.serial} belongs to no call that waits for one")
        data, position = memoryview(answer.payload), 0
        if not self._greeted:
            position = read_handshake_answer(data, _RECEIVER_PROTOCOL, self._limits)
            self._greeted = True
        try:
            position = skip_map(data[: position + self._limits.head_bytes_max], position)
            failed, position = read_long(data, position)
            status, after = read_long(data, position)
            if failed:  # the error's first branch is a string
                message, _ = read_bytes(data, after)
                said = printable(message.decode("utf-8", "replace"), 200)
                raise ProtocolError(f"appendBatch failed at the receiver: {said}")
            if not 0 <= status < len(STATUSES):
                raise EventCorrupt(f"status {status}")
            return STATUSES[status]
        except EventCorrupt as error:
            raise ProtocolError(f"answer to appendBatch is damaged: {error}") from None
