"""FlumeSender: what it sends, and what it makes of each answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from pyspark_flume.avroipc.framing import frame
from pyspark_flume.avroipc.handshake import BOTH
from pyspark_flume.avroipc.push_calls import OK
from pyspark_flume.avroipc.push_client import PushClient
from pyspark_flume.avroipc.push_connection import PushConnection
from pyspark_flume.errors import ProtocolError, SendFailed
from pyspark_flume.events.event_positions import scan_events
from pyspark_flume.events.record import decode_events, encode_event
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
    ("answer", "says"),
    [
        (b"", "no answer .the receiver has closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "buffers, the limit is .* is it a receiver"),
        (b"\0\0\0\1\0\0\0\1\0\0\0\3abc", "not an Avro handshake"),
        (b"\0\0\0\2\0\0\0\1\0\0\0\3abc", "answer 2 belongs to no call that waits"),
    ],
)
def test_what_is_no_answer_is_named(receiver: Receiver, answer: bytes, says: str) -> None:
    receiver.raw = answer
    with FlumeSender("127.0.0.1", receiver.port) as sender:
        with pytest.raises(SendFailed, match=rf"^127\.0\.0\.1:{receiver.port}: .*{says}"):
            sender.send(["one"])
        with pytest.raises(SendFailed, match="has failed before; make a new FlumeSender"):
            sender.send(["one"])


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    client = PushClient()
    client.append_batch([encode_event({}, b"first")])
    assert client.receive_data(frame(1, BOTH + OK)) == ["OK"]
    client.append_batch([encode_event({}, b"second")])
    with pytest.raises(ProtocolError, match="answer 1 belongs to no call"):
        client.receive_data(frame(1, OK))


def test_threads_may_share_a_sender(receiver: Receiver) -> None:
    with FlumeSender("127.0.0.1", receiver.port) as sender, ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda i: sender.send([str(i)] * 3), range(40))) == 120
    assert sum(map(len, receiver.batches)) == 120


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ("abc", "'abc' is one event; give a list of events"),
        ({"host": "web-1"}, "is one event; give a list"),
        (["one", 2], "event 1 is 2; give a str, bytes, or"),
        ([({"host": 1}, "one")], r"event 0 is \({'host': 1}, 'one'\); give"),
        ([("one", {"host": "web-1"})], "event 0 is .*; give"),
        ([({}, "one", "more")], "event 0 is .*; give"),
        ([({}, None)], "event 0 is .*; give"),
    ],
)
def test_what_is_no_event_is_refused_before_it_is_sent(
    receiver: Receiver, events: object, says: str
) -> None:
    with FlumeSender("127.0.0.1", receiver.port) as sender:
        with pytest.raises(TypeError, match=says):
            sender.send(events)  # type: ignore[arg-type]
        assert sender.send(["one"]) == 1


def test_nobody_listening_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(SendFailed, match=f"127.0.0.1:{port}: cannot connect .*is the receiver up"):
        FlumeSender("127.0.0.1", port)
