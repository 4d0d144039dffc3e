"""A SparkSink's side of the pull protocol, over a channel in memory; small enough to misbehave."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from pyspark_flume.avroipc.events import _long as avro_long
from pyspark_flume.avroipc.events import _read_long as read_long
from pyspark_flume.avroipc.events import skip_bytes, skip_map
from pyspark_flume.avroipc.framing import FrameReader
from pyspark_flume.avroipc.limits import LIMITS
from tests.support.avro_client import avro_string, frame
from tests.support.spark import free_port

BOTH = b"\0\0\0\0"  # the handshake's answer: no protocol, no hash, no metadata
DONE = b"\0\0"  # empty metadata, no error, null


class SparkSinkStandIn:
    """Hands out what is in its channel; takes back what is not acked.

    A batch whose connection ends goes back into the channel at once, as one whose time is over.

    :ivar calls: ``(name, parameter)`` of each call, in the order of their coming
    :ivar acked: the events that Spark has taken over, in that order
    :ivar errors: texts to be answered to the next calls in place of a batch
    :ivar garbage: frames to be answered to the next calls in place of a batch, after the serial
    :ivar loses_acks: how many of the next acks get lost; the connection ends in place of an answer
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self.calls: list[tuple[str, int | str]] = []
        self.acked: list[bytes] = []
        self.errors: deque[str] = deque()
        self.garbage: deque[bytes] = deque()
        self.loses_acks = 0
        self._channel: deque[bytes] = deque()
        self._batches = 0
        self._changed = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None

    def __enter__(self) -> SparkSinkStandIn:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Like the end of its agent; what is in the channel stays there for the next start."""
        assert self._listener
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.disconnect()

    def disconnect(self) -> None:
        """Close every connection."""
        with self._changed:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()

    def put(self, events: Iterable[bytes]) -> None:
        with self._changed:
            self._channel.extend(events)
            self._changed.notify_all()

    def connections(self) -> int:
        with self._changed:
            return len(self._connections)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        open_batches: dict[str, list[bytes]] = {}
        with self._changed:
            self._connections.add(connection)
        try:
            with connection, suppress(OSError):
                self._answer_calls(connection, open_batches)
        finally:
            with self._changed:
                self._connections.remove(connection)
                for events in open_batches.values():
                    self._roll_back(events)

    def _answer_calls(
        self, connection: socket.socket, open_batches: dict[str, list[bytes]]
    ) -> None:
        frames = FrameReader(LIMITS)
        connected = False
        while data := connection.recv(65536):
            for serial, payload in frames.receive_data(data):
                if not connected:
                    connection.sendall(frame(serial, BOTH))
                    connected = True
                elif answer := self._answer(connection, serial, bytes(payload), open_batches):
                    connection.sendall(answer)
                else:
                    return

    def _answer(
        self,
        connection: socket.socket,
        serial: int,
        payload: bytes,
        open_batches: dict[str, list[bytes]],
    ) -> bytes | None:
        """What to send; None ends the connection."""
        name, parameter = read_call(payload)
        with self._changed:
            self.calls.append((name, parameter))
            if name == "getEventBatch":
                return self._next_batch(connection, serial, int(parameter), open_batches)
            events = open_batches.get(str(parameter), [])
            if name == "ack":
                if self.loses_acks:
                    self.loses_acks -= 1
                    return None
                self.acked += events
            else:
                self._roll_back(events)
            open_batches.pop(str(parameter), None)
            return frame(serial, DONE)

    def _next_batch(
        self,
        connection: socket.socket,
        serial: int,
        events_max: int,
        open_batches: dict[str, list[bytes]],
    ) -> bytes | None:
        self._changed.wait_for(
            lambda: self.errors or self.garbage or self._channel or has_ended(connection)
        )
        if has_ended(connection):
            return None
        if self.errors:
            return frame(serial, DONE + avro_string(self.errors.popleft()) + b"\0\0")
        if self.garbage:
            return serial.to_bytes(4, "big") + self.garbage.popleft()
        events = [self._channel.popleft() for _ in range(min(events_max, len(self._channel)))]
        self._batches += 1
        number = f"run1-{self._batches}"
        open_batches[number] = events
        items = avro_long(len(events)) + b"".join(events) + b"\0"
        return frame(serial, DONE + avro_string("") + avro_string(number) + items)

    def _roll_back(self, events: list[bytes]) -> None:
        self._channel.extendleft(reversed(events))
        self._changed.notify_all()


def has_ended(connection: socket.socket) -> bool:
    """Whether its peer, or `SparkSinkStandIn.disconnect`, has closed it; nothing else is read."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def read_call(payload: bytes) -> tuple[str, int | str]:
    """Name and parameter of a call that comes after the handshake."""
    start = skip_map(payload, 0)
    end = skip_bytes(payload, start)
    name = payload[read_long(payload, start)[1] : end].decode()
    if name == "getEventBatch":
        return name, read_long(payload, end)[0]
    return name, payload[read_long(payload, end)[1] : skip_bytes(payload, end)].decode()
