"""The client's side of ``SparkFlumeProtocol``: bytes of calls out, bytes of answers in.

With this protocol Spark fetches from Flume's SparkSink. An event has the same bytes as one that
Flume's avro sink sends.
"""

from dataclasses import dataclass, replace
from typing import Generic

from pyspark_flume.avro_binary import encode_bytes, encode_long, read_bytes, read_long, skip_map
from pyspark_flume.avroipc.event_array import Events, Scan, read_batch
from pyspark_flume.avroipc.framing import Frame, FrameReader, frame
from pyspark_flume.avroipc.handshake import encode_handshake, read_handshake_answer
from pyspark_flume.avroipc.limits import LIMITS, Limits
from pyspark_flume.avroipc.protocol_check import EVENT, ExpectedProtocol, printable
from pyspark_flume.errors import EventCorrupt, ProtocolError

PROTOCOL_TEXT = (
    '{"protocol":"SparkFlumeProtocol","namespace":"org.apache.spark.streaming.flume.sink","types":['
    '{"type":"record","name":"SparkSinkEvent","fields":['
    '{"name":"headers","type":{"type":"map","values":"string"}},'
    '{"name":"body","type":"bytes"}]},'
    '{"type":"record","name":"EventBatch","fields":['
    '{"name":"errorMsg","type":"string","default":""},'
    '{"name":"sequenceNumber","type":"string"},'
    '{"name":"events","type":{"type":"array","items":"SparkSinkEvent"}}]}],"messages":{'
    '"getEventBatch":{"request":[{"name":"n","type":"int"}],"response":"EventBatch"},'
    '"ack":{"request":[{"name":"sequenceNumber","type":"string"}],"response":"null"},'
    '"nack":{"request":[{"name":"sequenceNumber","type":"string"}],"response":"null"}}}'
)
_EVENT_BATCH = {
    "type": "record",
    "fields": [
        {"name": "errorMsg", "type": "string"},
        {"name": "sequenceNumber", "type": "string"},
        {"name": "events", "type": {"type": "array", "items": EVENT}},
    ],
}
_EXPECTED = ExpectedProtocol(
    name="SparkFlumeProtocol",
    owner="SparkSink",
    peer="agent",
    calls={
        "getEventBatch": ("int", _EVENT_BATCH),
        "ack": ("string", "null"),
        "nack": ("string", "null"),
    },
)
_PING = ""  # Avro's call without a name
_SERIALS = 1 << 32
_REASON_CHARS_MAX = 200  # of an agent's own message


@dataclass(frozen=True)
class EventBatch(Generic[Events]):
    """The answer to ``getEventBatch``: a Flume transaction that is open until ack or nack.

    :param error: the agent's message; if it is not empty, there are no events and no transaction
    :param sequence_number: the transaction's name, as the agent wrote it
    :param events: None if the transaction has none
    """

    error: str
    sequence_number: bytes
    events: Events | None


class PullConnection(Generic[Events]):
    """Fetches from one SparkSink.

    Send what `ping`, `get_event_batch`, `ack` and `nack` return, and pass each chunk from the
    socket to `receive_data`. The first call carries the handshake.

    :param scan: makes a batch's events from their bytes; see `Scan`
    """

    def __init__(self, scan: Scan[Events], limits: Limits = LIMITS) -> None:
        self._scan = scan
        self._limits = replace(limits, remedy="lower agentBatchSize")
        self._frames = FrameReader(self._limits)
        self._serial = 0
        self._calls: dict[int, str] = {}  # names of the unanswered calls, by serial
        self._greeted = False  # whether the handshake has been answered

    @property
    def in_frame(self) -> bool:
        """Whether a part of an answer has arrived and the rest has not."""
        return self._frames.in_frame

    def ping(self) -> bytes:
        """Make a call that is answered at once.

        As the first call it checks the peer, because ``getEventBatch`` may wait for events.
        """
        return self._request(_PING)

    def get_event_batch(self, events_max: int) -> bytes:
        """Ask for up to `events_max` events in a transaction; the agent answers once it has one."""
        return self._request("getEventBatch", encode_long(events_max))

    def ack(self, sequence_number: bytes) -> bytes:
        """Report that a batch's events are stored, so that the agent may forget them."""
        return self._request("ack", encode_bytes(sequence_number))

    def nack(self, sequence_number: bytes) -> bytes:
        """Report that they are not stored, so that the agent offers them to the next consumer."""
        return self._request("nack", encode_bytes(sequence_number))

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[EventBatch[Events] | None]:
        """Return the answers that end in `data`, in order; None for a call without a result.

        Raises `ProtocolError` if the bytes are not an answer, or if the agent reports that a call
        has failed. Then the connection can only be closed; the agent rolls back its open
        transactions after its ``timeout``.
        """
        try:
            return [self._read(answer) for answer in self._frames.receive_data(data)]
        except ProtocolError as error:
            if self._greeted:
                raise
            raise ProtocolError(f"{error}; option agents has to name a SparkSink's port") from None

    def _request(self, name: str, parameters: bytes = b"") -> bytes:
        handshake = b"" if self._serial else encode_handshake(PROTOCOL_TEXT)
        self._serial = (self._serial + 1) % _SERIALS
        self._calls[self._serial] = name
        metadata = b"\0"
        call = metadata + encode_bytes(name.encode()) + parameters
        return frame(self._serial, handshake + call)

    def _read(self, answer: Frame) -> EventBatch[Events] | None:
        data, position = memoryview(answer.payload), 0
        if answer.serial not in self._calls:
            raise ProtocolError(f"answer {answer.serial} belongs to no call")
        name = self._calls.pop(answer.serial)
        if not self._greeted:
            position = read_handshake_answer(data, _EXPECTED, self._limits)
            self._greeted = True
        try:
            if name == _PING:
                _check_end(data, position)
                return None
            position = skip_map(data[: position + self._limits.head_bytes_max], position)
            failed, position = bytes(data[position : position + 1]), position + 1
            if failed == b"\1":
                raise ProtocolError(f"{name} failed at the agent: {_read_error(data[position:])}")
            if failed != b"\0":
                raise EventCorrupt("neither a result nor an error")
            if name == "getEventBatch":
                return self._read_event_batch(data[position:])
            _check_end(data, position)
            return None
        except EventCorrupt as error:
            raise ProtocolError(f"answer to {name or 'ping'} is damaged: {error}") from None

    def _read_event_batch(self, data: memoryview) -> EventBatch[Events]:
        message, position = read_bytes(data, 0)
        sequence_number, position = read_bytes(data, position)
        if message:
            return EventBatch(_text(message), sequence_number, None)
        events = read_batch(data[position:], self._limits, self._scan)
        return EventBatch("", sequence_number, events)


def _read_error(data: memoryview) -> str:
    branch, position = read_long(data, 0)
    if branch:  # the first branch is a string; the protocol declares no other
        raise EventCorrupt(f"error of branch {branch}")
    message, _ = read_bytes(data, position)
    return _text(message)


def _check_end(data: memoryview, position: int) -> None:
    if position != len(data):
        raise EventCorrupt(f"{len(data) - position:,} bytes too many")


def _text(message: bytes) -> str:
    return printable(message.decode("utf-8", "replace"), _REASON_CHARS_MAX)
