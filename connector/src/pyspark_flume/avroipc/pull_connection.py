"""The client's side of ``SparkFlumeProtocol``, by which Spark fetches from Flume's SparkSink: the
bytes of calls out, the bytes of their answers in.

An event has the bytes of one that Flume's avro sink sends. It is not decoded here either.
"""

from dataclasses import dataclass, replace

from pyspark_flume.avroipc.event_array import read_batch
from pyspark_flume.avroipc.framing import Frame, FrameReader, frame
from pyspark_flume.avroipc.handshake import encode_handshake, read_handshake_answer
from pyspark_flume.avroipc.limits import LIMITS, Limits
from pyspark_flume.avroipc.schema_check import EVENT, Layout, printable
from pyspark_flume.errors import EventCorrupt, ProtocolError
from pyspark_flume.events.columns import EventColumns
from pyspark_flume.events.record import _long, _read_long, skip_bytes, skip_map

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
_LAYOUT = Layout(
    name="SparkFlumeProtocol",
    owner="SparkSink",
    peer="agent",
    calls={
        "getEventBatch": ("int", _EVENT_BATCH),
        "ack": ("string", "null"),
        "nack": ("string", "null"),
    },
)
_PING = ""  # Avro's call of no name
_SERIALS = 1 << 32
_REASON_CHARS_MAX = 200  # of an agent's own words


@dataclass(frozen=True)
class EventBatch:
    """What one ``getEventBatch`` brought: a Flume transaction that is open until ack or nack.

    If `error` is not empty it has neither events nor a transaction. `events` is None if there are
    none. `sequence_number` is the transaction's name, as the agent wrote it.
    """

    error: str
    sequence_number: bytes
    events: EventColumns | None


class PullConnection:
    """Fetches from one SparkSink.

    Send what `ping`, `get_event_batch`, `ack` and `nack` return, and pass each chunk from the
    socket to `receive_data`. The first call carries the handshake.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = replace(limits, remedy="lower agentBatchSize")
        self._frames = FrameReader(self._limits)
        self._serial = 0
        self._calls: dict[int, str] = {}  # not yet answered: the name by the serial
        self._greeted = False  # has the handshake been answered?

    @property
    def in_frame(self) -> bool:
        """Whether a part of an answer has come and the rest has not."""
        return self._frames.in_frame

    def ping(self) -> bytes:
        """A call that is answered at once: as the first one it tells who is there, while
        ``getEventBatch`` may wait for events first."""
        return self._request(_PING)

    def get_event_batch(self, events_max: int) -> bytes:
        """Begin a transaction of up to `events_max` events; answered once there is an event."""
        return self._request("getEventBatch", _long(events_max))

    def ack(self, sequence_number: bytes) -> bytes:
        """The events of that batch are stored: the agent may forget them."""
        return self._request("ack", _long(len(sequence_number)) + sequence_number)

    def nack(self, sequence_number: bytes) -> bytes:
        """They are not: the agent sends them again, to who asks next."""
        return self._request("nack", _long(len(sequence_number)) + sequence_number)

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[EventBatch | None]:
        """The answers that end in `data`, in order; None where a call has no result.

        Raises `ProtocolError`: where the bytes are no answer or the agent reports that a call
        has failed. Then the connection can only be closed, and the agent rolls back what it has
        open after its ``timeout``.
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
        call = metadata + _long(len(name)) + name.encode() + parameters
        return frame(self._serial, handshake + call)

    def _read(self, answer: Frame) -> EventBatch | None:
        data, position = memoryview(answer.payload), 0
        if answer.serial not in self._calls:
            raise ProtocolError(f"answer {answer.serial} to no call")
        name = self._calls.pop(answer.serial)
        if not self._greeted:
            position = read_handshake_answer(data, _LAYOUT, self._limits)
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

    def _read_event_batch(self, data: memoryview) -> EventBatch:
        message, position = _read_bytes(data, 0)
        sequence_number, position = _read_bytes(data, position)
        if message:
            return EventBatch(_text(message), sequence_number, None)
        return EventBatch("", sequence_number, read_batch(data[position:], self._limits))


def _read_bytes(data: memoryview, position: int) -> tuple[bytes, int]:
    end = skip_bytes(data, position)
    _, start = _read_long(data, position)
    return bytes(data[start:end]), end


def _read_error(data: memoryview) -> str:
    branch, position = _read_long(data, 0)
    if branch:  # the first one is a string; the protocol declares no further one
        raise EventCorrupt(f"error of branch {branch}")
    message, _ = _read_bytes(data, position)
    return _text(message)


def _check_end(data: memoryview, position: int) -> None:
    if position != len(data):
        raise EventCorrupt(f"{len(data) - position:,} bytes too many")


def _text(message: bytes) -> str:
    return printable(message.decode("utf-8", "replace"), _REASON_CHARS_MAX)
