"""FlumeSender: what it sends, and what it makes of each answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from pyspark_flume.avroipc.push_connection import PushConnection
from pyspark_flume.errors import ProtocolError, SendFailed
from pyspark_flume.events.event_positions import scan_events
from pyspark_flume.events.record import decode_events
from pyspark_flume.testing.sender import FlumeSender


class Receiver:
    """Answers one connection's calls: OK, FAILED, or as `bytes_of` says."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[dict[str, str], bytes]]] = []
        self.stored = True
        self.raw: bytes | None = None
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._server.accept()
        with peer:
            connection = PushConnection(scan_events)
            while data := peer.recv(1 << 16):
                if self.raw is not None:
                    peer.sendall(self.raw)
                    return
                for call in connection.receive_data(data):
                    if call.events:
                        self.batches.append(list(decode_events(bytes(call.events.data))))
                    peer.sendall(connection.answer(call, stored=self.stored))

    def close(self) -> None:
        self._server.close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_bodies_and_headers_arrive_as_they_were_given(receiver: Receiver) -> None:
    with FlumeSender("127.0.0.1", receiver.port) as sender:
        assert sender.send(["é", b"\xff", ({"host": "web-1"}, "x" * 100_000)]) == 3
        assert sender.send([]) == 0
        assert sender.send(f"{i}" for i in range(1000)) == 1000
    first, *_, last = receiver.batches
    assert first == [
        ({}, "é".encode()),
        ({}, b"\xff"),
        ({"host": "web-1"}, b"x" * 100_000),
    ]
    assert last == [({}, b"%d" % i) for i in range(1000)]


def test_events_that_are_not_stored_raise(receiver: Receiver) -> None:
    receiver.stored = False
    with (
        FlumeSender("127.0.0.1", receiver.port) as sender,
        pytest.raises(SendFailed, match=rf"127\.0\.0\.1:{receiver.port} answered FAILED, not OK"),
    ):
        sender.send(["one"])


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (b"", SendFailed, "no answer .the receiver has closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolError, "buffers, the limit is"),
        (b"\0\0\0\1\0\0\0\1\0\0\0\3abc", ProtocolError, "not an Avro handshake"),
    ],
)
def test_what_is_no_answer_is_named(
    receiver: Receiver, answer: bytes, error: type[Exception], says: str
) -> None:
    receiver.raw = answer
    with FlumeSender("127.0.0.1", receiver.port) as sender, pytest.raises(error, match=says):
        sender.send(["one"])


def test_nobody_listening_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(SendFailed, match=f"127.0.0.1:{port}: cannot connect .*is the receiver up"):
        FlumeSender("127.0.0.1", port)
