"""A SparkSink's side of the wire with a channel behind it, to be asked by a poller."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import socketserver
import struct
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from pyspark_flume.avroipc.events import _read_long
from tests.support.avro_client import FRAME, avro_long, avro_string, frame

DONE = b"\0\0"  # the answer to ack and nack: empty metadata, no error
BOTH = b"\0\0\0\0"
# The protocol as another compiler of it would write it, with another hash.
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


def event_batch(
    *events: bytes,
    number: str | bytes = "7",
    error: str = "",
    blocks: Sequence[Iterable[bytes]] = (),
    sized: bool = False,
) -> bytes:
    """An answer to getEventBatch; `blocks` and `sized` as in `avro_client.append_batch`."""
    out = DONE + avro_string(error) + avro_string(number)
    for block in blocks or ([events] if events else []):
        items = list(block)
        data = b"".join(items)
        out += avro_long(-len(items)) + avro_long(len(data)) if sized else avro_long(len(items))
        out += data
    return out + b"\0"


class PullAgent:
    """Transactions of a channel as a SparkSink has them, for any number of pollers.

    `calls` is what was called, in order. An event is given out again after a nack and after
    `time_out`; it is forgotten after an ack.
    """

    def __init__(self, events: Iterable[bytes] = (), port: int = 0) -> None:
        self.channel = deque(events)
        self.calls: list[tuple[str, str]] = []
        self.errors: deque[str] = deque()  # what the next polls are answered with
        self.lost_acks = 0  # so many acks are taken, but not answered
        self.ignored_acks = 0  # so many are not even taken: the connection is cut before
        self._open: dict[str, list[bytes]] = {}
        self._number = 0
        self._changed = threading.Condition()
        self.port = port
        self.start()

    def __enter__(self) -> PullAgent:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, at the same port as before."""
        self._stopped = False
        self._sockets: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", self.port), _Connection)
        self._server.agent = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Go away, with every connection; open transactions are rolled back."""
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            self._stopped = True
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()
        self.time_out()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def put(self, events: Iterable[bytes]) -> None:
        """Events for the channel."""
        with self._changed:
            self.channel.extend(events)
            self._changed.notify_all()

    def time_out(self) -> None:
        """Roll back every open transaction."""
        with self._changed:
            for number in list(self._open):
                self._roll_back(number)

    def count(self, name: str) -> int:
        """How many calls of that name there were."""
        return sum(each == name for each, _ in self.calls)

    @property
    def drained(self) -> bool:
        """Whether every event has been acknowledged."""
        return not self.channel and not self._open

    def answer(self, name: str, parameter: bytes) -> bytes | None:
        """The answer to a call; None: cut the connection."""
        if name == "getEventBatch":
            return self._take(_read_long(parameter, 0)[0])
        if name in ("ack", "nack"):
            return self._end(name, parameter[1:].decode())
        assert name == "", f"no call of SparkSink: {name}"
        return b""

    def _take(self, events_max: int) -> bytes | None:
        with self._changed:
            self.calls.append(("getEventBatch", str(events_max)))
            self._changed.wait_for(lambda: self.channel or self.errors or self._stopped)
            if self._stopped:
                return None
            if self.errors:
                return event_batch(number="", error=self.errors.popleft())
            self._number += 1
            number = f"{id(self):x}-{self._number}"
            count = min(events_max, len(self.channel))
            self._open[number] = [self.channel.popleft() for _ in range(count)]
            return event_batch(*self._open[number], number=number)

    def _end(self, name: str, number: str) -> bytes | None:
        with self._changed:
            if name == "ack" and self.ignored_acks:
                self.ignored_acks -= 1
                return None
            self.calls.append((name, number))
            if name == "nack" and number in self._open:
                self._roll_back(number)
            self._open.pop(number, None)  # a late one is ignored
            if name == "ack" and self.lost_acks:
                self.lost_acks -= 1
                return None
            return DONE

    def _roll_back(self, number: str) -> None:
        self.channel.extendleft(reversed(self._open.pop(number)))
        self._changed.notify_all()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    agent: PullAgent


class _Connection(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        agent: PullAgent = self.server.agent
        agent._sockets.add(self.connection)
        greeted = False
        with contextlib.suppress(ConnectionError, struct.error):
            while True:
                serial, buffers = FRAME.unpack(self.rfile.read(FRAME.size))
                lengths = struct.Struct(">I")
                payload = b"".join(
                    self.rfile.read(*lengths.unpack(self.rfile.read(4))) for _ in range(buffers)
                )
                # The handshake ends with the hash that it takes for the server's, and no metadata.
                call = payload if greeted else payload[payload.rindex(payload[:16]) + 17 :]
                length, start = _read_long(call, 1)  # behind the empty metadata
                name = call[start : start + length].decode()
                answer = agent.answer(name, call[start + length :])
                if answer is None:
                    return
                greeting = b"" if greeted else handshake_answer(b"\2", OTHER_TEXT)
                greeted = True
                self.wfile.write(frame(serial, greeting + answer))
