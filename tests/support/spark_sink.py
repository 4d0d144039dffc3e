"""A stand-in for a SparkSink and its channel, for the receiver in the JVM and the poller."""

from __future__ import annotations

import hashlib
import socket
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from threading import Condition, Thread

from pyspark_flume.avro_binary import read_long
from pyspark_flume.avroipc.framing import FrameReader
from pyspark_flume.avroipc.limits import LIMITS

from tests.support.avro_client import DONE, avro_array, avro_string, frame

# The protocol as another compiler would write it; its hash is different.
OTHER_TEXT = (
    '{"protocol":"SparkFlumeProtocol","namespace":"org.apache.spark.streaming.flume.sink",'
    '"doc":"2.4","types":[{"type":"record","name":"SparkSinkEvent","fields":[{"name":"headers",'
    '"type":{"type":"map","values":"string"}},{"name":"body","type":"bytes"}]},{"type":"record",'
    '"name":"EventBatch","fields":[{"name":"errorMsg","type":"string","default":""},'
    '{"name":"sequenceNumber","type":"string"},'
    '{"name":"events","type":{"type":"array","items":"SparkSinkEvent"}}]}],"messages":{'
    '"getEventBatch":{"request":[{"name":"n","type":"int"}],"response":"EventBatch"},'
    '"ack":{"request":[{"name":"sequenceNumber","type":"string"}],"response":"null"},'
    '"nack":{"request":[{"name":"sequenceNumber","type":"string"}],"response":"null"}}}'
)


def handshake_answer(match: bytes, text: str) -> bytes:
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return match + b"\2" + avro_string(text) + b"\2" + digest + b"\0"


OTHER_PROTOCOL = handshake_answer(b"\2", OTHER_TEXT)


def event_batch(
    *blocks: Iterable[bytes], number: str | bytes = "7", error: str = "", sized: bool = False
) -> bytes:
    """Make an answer to getEventBatch; `blocks` and `sized` as in `avro_array`."""
    head = DONE + avro_string(error) + avro_string(number)
    return head + avro_array(*blocks, sized=sized)


class SparkSinkStandIn:
    """Transactions of a channel as in a SparkSink, for any number of consumers.

    An event is given out again after a nack, after `time_out`, or when its connection ends; it is
    removed after an ack. The first call of a connection must be a ping. A consumer that disconnects
    while it waits for a batch is not noticed.

    :ivar channel: the events that no consumer has
    :ivar calls: ``(name, parameter)`` of each call, in the order of arrival
    :ivar acked: the events that were acked, in that order
    :ivar errors: texts that answer the next polls in place of a batch
    :ivar garbage: bytes that answer the next polls, after the serial
    :ivar lost_acks: how many of the next acks are accepted but not answered
    :ivar ignored_acks: how many are not even accepted; either way the connection is cut
    """

    def __init__(self, events: Iterable[bytes] = ()) -> None:
        self.port = 0  # chosen by the first start
        self.channel = deque(events)
        self.calls: list[tuple[str, str]] = []
        self.acked: list[bytes] = []
        self.errors: deque[str] = deque()
        self.garbage: deque[bytes] = deque()
        self.lost_acks = self.ignored_acks = 0
        self._batches = 0
        self._open: dict[str, list[bytes]] = {}
        self._connections: dict[socket.socket, list[str]] = {}  # the batches given to each
        self._changed = Condition()

    def __enter__(self) -> SparkSinkStandIn:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._accepting = Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """Stop and close every connection; open transactions are rolled back."""
        with suppress(OSError):  # it may have stopped before, and macOS refuses it
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts, on Linux
        self._listener.close()  # wakes it on macOS
        self._accepting.join()
        with self._changed:
            for each in self._connections:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self._connections.clear()
            self._changed.notify_all()
            self.time_out()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def put(self, events: Iterable[bytes]) -> None:
        """Put events into the channel."""
        with self._changed:
            self.channel.extend(events)
            self._changed.notify_all()

    def time_out(self) -> None:
        """Roll back every open transaction."""
        with self._changed:
            for number in list(self._open):
                self._roll_back(number)

    def count(self, name: str) -> int:
        """Return the number of calls of that name."""
        return sum(each == name for each, _ in self.calls)

    def connections(self) -> int:
        """Return the number of open connections."""
        with self._changed:
            return len(self._connections)

    @property
    def drained(self) -> bool:
        """Whether every event has been acknowledged."""
        with self._changed:
            return not self.channel and not self._open

    def _accept(self) -> None:
        with self._listener, suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with self._changed:
                    self._connections[connection] = []
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        frames, greeted = FrameReader(LIMITS), False
        with connection, suppress(OSError):
            while data := connection.recv(65536):
                for serial, payload in frames.receive_data(data):
                    if greeted:
                        answer = self._answer(connection, serial, bytes(payload))
                    else:
                        answer, greeted = frame(serial, OTHER_PROTOCOL), True
                    connection.sendall(answer)
        with self._changed:
            for number in self._connections.pop(connection, ()):
                self._roll_back(number)

    def _answer(self, connection: socket.socket, serial: int, call: bytes) -> bytes:
        """Make the answer to a call. Raises `ConnectionError` to cut the connection."""
        name, parameter = read_call(call)
        with self._changed:
            if name == "ack" and self.ignored_acks:
                self.ignored_acks -= 1
                raise ConnectionAbortedError
            self.calls.append((name, parameter))
            if name == "getEventBatch":
                return self._take(connection, serial, int(parameter))
            if name == "nack":
                self._roll_back(parameter)
            if name == "ack":
                self.acked += self._open.pop(parameter, [])  # a late ack is ignored
                if self.lost_acks:
                    self.lost_acks -= 1
                    raise ConnectionAbortedError
            return frame(serial, DONE)

    def _take(self, connection: socket.socket, serial: int, events_max: int) -> bytes:
        self._changed.wait_for(
            lambda: (
                self.errors or self.garbage or self.channel or connection not in self._connections
            )
        )
        if connection not in self._connections:
            raise ConnectionAbortedError
        if self.errors:
            return frame(serial, event_batch(number="", error=self.errors.popleft()))
        if self.garbage:
            return serial.to_bytes(4, "big") + self.garbage.popleft()
        self._batches += 1
        number = f"run1-{self._batches}"
        count = min(events_max, len(self.channel))
        self._connections[connection].append(number)
        self._open[number] = [self.channel.popleft() for _ in range(count)]
        return frame(serial, event_batch(self._open[number], number=number))

    def _roll_back(self, number: str) -> None:
        self.channel.extendleft(reversed(self._open.pop(number, [])))
        self._changed.notify_all()


def read_call(payload: bytes) -> tuple[str, str]:
    """Return the name and the parameter of a call without a handshake."""
    length, start = read_long(payload, 1)  # after the empty metadata
    end = start + length
    value, rest = read_long(payload, end)  # the size of a batch, or the length of its number
    name = payload[start:end].decode()
    return name, str(value) if name == "getEventBatch" else payload[rest:].decode()
