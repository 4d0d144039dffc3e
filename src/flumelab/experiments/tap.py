"""The connection between sink and receiver, watched batch by batch, and broken at an exact line.

The sink connects to the tap, and the tap to the receiver. It passes whole frames on, notes the
lines in each, and at a fault's line does what the fault says: in the middle of that very batch.
"""

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from flumelab.experiments.avro_frames import Frame, FrameReader, bodies
from flumelab.experiments.evidence import Evidence
from flumelab.experiments.experiment import Fault
from flumelab.experiments.truth import Truth, key_of, ranges
from flumelab.settings import LOOPBACK

CHUNK_BYTES = 1 << 18
RESET = struct.pack("ii", 1, 0)  # linger for 0 s
CONNECT_SECONDS = 5
ANSWERING = ("receiver", "driver", "worker")
SILENCE = "silence"

Reached = Callable[[str, int], Sequence[Fault]]
"""Called with a hop and its new count; does what others have to do, and returns all."""


@dataclass
class _Connection:
    sink: socket.socket
    receiver: socket.socket
    waiting: deque[tuple[int, list[int]]] = field(default_factory=deque)
    """The number and the lines of each request without an answer."""
    first: bool = True
    silent: bool = False

    def reset(self) -> None:
        for each in (self.sink, self.receiver):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Tap:
    """Forwards connections from one port of this host to another, in threads.

    `sent` and `answered` are the events that have come from the sink, and for which an answer has
    come from the receiver, again ones included.
    """

    def __init__(
        self, listen: int, to: int, evidence: Evidence, truth: Truth, reached: Reached
    ) -> None:
        self.sent = self.answered = self.requests = 0
        self._to, self._evidence, self._truth, self._reached = to, evidence, truth, reached
        self._seen: set[int] = set()
        self.unanswered: set[int] = set()
        """The lines that were sent, and for which the sink has had no OK."""
        self.stored: set[int] = set()
        """The lines for which the receiver has said OK."""
        self._open: list[_Connection] = []
        self._cut = False
        self._slow, self._slow_times = 0.0, 0
        self._passes = threading.Event()
        self._passes.set()
        self._server = socket.create_server((LOOPBACK, listen))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End the connections and listen no more."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._passes.set()
        for connection in list(self._open):
            connection.reset()

    def mend(self) -> None:
        """End what a fault has begun: cut, hold and slow. A half-open connection stays as it is."""
        self._cut, self._slow = False, 0.0
        self._passes.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sink, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(sink,), daemon=True).start()

    def _serve(self, sink: socket.socket) -> None:
        try:
            if self._cut:
                raise ConnectionRefusedError
            receiver = socket.create_connection((LOOPBACK, self._to), CONNECT_SECONDS)
        except OSError:
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sink.close()
            return
        receiver.settimeout(None)
        for each in (sink, receiver):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(sink, receiver)
        self._open.append(connection)
        back = threading.Thread(target=self._back, args=(connection,), daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            for frame in _frames(sink):
                self._forward(connection, frame)
        if connection.silent:
            sink.close()
            return
        with contextlib.suppress(OSError):
            receiver.shutdown(socket.SHUT_RDWR)
        back.join()
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        connection.reset()
        if connection in self._open:
            self._open.remove(connection)
        for number, _ in connection.waiting:
            self._evidence.note("answer", id=number, ok=False, lost="the connection ended")
        connection.waiting.clear()

    def _forward(self, connection: _Connection, frame: Frame) -> None:
        keys = [key_of(body) for body in bodies(frame.payload, connection.first)]
        connection.first = False
        lines = self._truth.numbers(keys)
        again = bool(self._seen & set(lines))
        self._seen |= set(lines)
        self.unanswered |= set(lines)
        self.requests += 1
        number = self.requests
        self._evidence.note(
            "request", id=number, lines=ranges(lines), events=len(lines), again=again
        )
        self.sent += len(lines)
        for fault in self._reached("sent", self.sent):
            if fault.verb == "cut":
                self._cut = True
                with contextlib.suppress(OSError):
                    connection.receiver.sendall(frame.raw[: len(frame.raw) // 2])
                self._lose(number, "the connection was cut")
                for each in list(self._open):
                    each.reset()
                return
            if fault.verb == "hold":
                self._passes.clear()
            if fault.verb == "slow":
                self._slow, self._slow_times = fault.seconds, fault.times
        self._passes.wait()
        if _has_ended(connection.sink):
            self._lose(number, "the sink was gone")
            return
        try:
            connection.waiting.append((number, lines))
            connection.receiver.sendall(frame.raw)
        except OSError:
            connection.waiting.pop()
            self._lose(number, "the receiver was gone")
            raise

    def _lose(self, number: int, why: str) -> None:
        self._evidence.note("lost-request", id=number, why=why)

    def _back(self, connection: _Connection) -> None:
        with contextlib.suppress(OSError, IndexError):
            for frame in _frames(connection.receiver):
                self._answer(connection, frame)
        if not connection.silent:
            with contextlib.suppress(OSError):
                connection.sink.shutdown(socket.SHUT_RDWR)

    def _wait_if_slow(self) -> None:
        seconds = self._slow
        if self._slow_times:
            self._slow_times -= 1
            if not self._slow_times:
                self._slow = 0.0
        time.sleep(seconds)

    def _answer(self, connection: _Connection, frame: Frame) -> None:
        number, lines = connection.waiting[0]
        lost = ""
        if frame.is_ok:
            self.answered += len(lines)
            self.stored |= set(lines)
            for fault in self._reached("answered", self.answered):
                lost = _loss(fault) or lost
        self._wait_if_slow()
        connection.waiting.popleft()
        if lost == SILENCE:
            connection.silent = True
        elif lost:
            self._evidence.note("answer", id=number, ok=frame.is_ok, lost=lost)
            connection.reset()
            return
        if not connection.silent:
            try:
                connection.sink.sendall(frame.raw)
            except OSError:
                lost = "the sink was gone"
        if frame.is_ok and not lost:
            self.unanswered -= set(lines)
        self._evidence.note("answer", id=number, ok=frame.is_ok, lost=lost)


def _frames(side: socket.socket) -> Iterator[Frame]:
    reader = FrameReader()
    while data := side.recv(CHUNK_BYTES):
        yield from reader.feed(data)


def _loss(fault: Fault) -> str:
    """Why an answer is lost that is on its way at a fault; empty if it is not."""
    if fault.verb == "kill" and fault.target in ANSWERING:
        return "its sender was killed"  # what it had not put on the wire dies with it
    if fault.verb == "kill" and fault.target == "flume":
        return "the sink was killed"
    return {"lose-ok": "cut with its connection", "half-open": SILENCE}.get(fault.verb, "")


def _has_ended(side: socket.socket) -> bool:
    try:
        return side.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
