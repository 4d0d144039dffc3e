"""A sink's connection with a transport that only takes notes, so that every step can be seen."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.events.event_positions import EventColumns
from pyspark_flume.ingest.counters import Refusal
from pyspark_flume.ingest.memory_budget import SMALL_BYTES_MAX, SMALL_RESERVE_BYTES, MemoryBudget
from pyspark_flume.ingest.open_connections import OpenConnections
from pyspark_flume.ingest.sink_connection import CALLS_MAX, Shared, SinkConnection
from pyspark_flume.ingest.stalls import Timeouts

from tests.support.avro_client import BOTH, FAILED, OK, append_batch, frame, handshake, lines

KIB = 1024
LARGE = SMALL_BYTES_MAX + KIB
FRAME_MAX = 2 * LARGE
ROOM = SMALL_RESERVE_BYTES + LARGE // 2  # of which large frames get no more than half of one
HELLO = frame(1, handshake())


def large(serial: int, size: int) -> bytes:
    """A call of one event, of which a frame needs `size` bytes of memory."""
    overhead = len(append_batch(lines(bytes(size)))) - size
    call = frame(serial, append_batch(lines(bytes(size - overhead))))
    assert len(call) == size + 12
    return call


class NotingSocket:
    def __init__(self) -> None:
        self.options: list[tuple[int, int, int]] = []

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options.append((level, option, value))


class NotingTransport(asyncio.Transport):
    """Notes what is written, and whether it is read and open."""

    def __init__(self, port: int) -> None:
        self.socket = NotingSocket()
        super().__init__({"peername": ("host", port), "socket": self.socket})
        self.written: list[bytes] = []
        self.reading = True
        self.closed = ""

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def pause_reading(self) -> None:
        assert not self.closed
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.closed
        self.reading = True

    def is_closing(self) -> bool:
        return bool(self.closed)

    def abort(self) -> None:
        self.closed = "aborted"

    def close(self) -> None:
        self.closed = "closed"


class Receiver:
    """What the connections share, and the batches that wait to be stored."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.memory = MemoryBudget(ROOM, FRAME_MAX)
        self.connections: OpenConnections[SinkConnection] = OpenConnections(2)
        self.batches: list[tuple[EventColumns, asyncio.Future[bool]]] = []
        timeouts = Timeouts(frame_seconds=60, idle_seconds=300)
        limits = Limits(frame_bytes_max=FRAME_MAX)
        self._shared = Shared(
            limits, False, timeouts, tls, self.memory, self.connections, self._store
        )

    def _store(self, events: EventColumns) -> asyncio.Future[bool]:
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.batches.append((events, stored))
        return stored

    def connect(self, *data: bytes) -> tuple[SinkConnection, NotingTransport]:
        """A new connection that has received `data`."""
        connection, transport = SinkConnection(self._shared), NotingTransport(len(self.batches))
        connection.connection_made(transport)
        for each in data:
            connection.data_received(each)
        return connection, transport

    async def settle(self, place: int = 0, stored: bool = True) -> None:
        self.batches.pop(place)[1].set_result(stored)
        await turns()

    @property
    def free(self) -> int:
        """Bytes that nobody holds."""
        return self.memory._free


async def turns() -> None:
    """Let the loop call what is due, and what that makes due."""
    for _ in range(5):
        await asyncio.sleep(0)


Scenario = Callable[[Receiver], Coroutine[Any, Any, None]]


@asynccontextmanager
async def balanced() -> AsyncIterator[Receiver]:
    """A receiver whose memory is all given back at the end of the block."""
    receiver = Receiver()
    before = receiver.free
    yield receiver
    assert receiver.free == before


def run(scenario: Scenario) -> None:
    async def checked() -> None:
        async with balanced() as receiver:
            await scenario(receiver)

    asyncio.run(checked())


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


# --- answers ------------------------------------------------------------------------------------


def test_calls_are_answered_in_their_order_once_each_batch_is_settled() -> None:
    async def scenario(receiver: Receiver) -> None:
        calls = [frame(serial, append_batch(lines("x" * serial))) for serial in (2, 3, 4)]
        connection, transport = receiver.connect(HELLO, b"".join(calls))
        assert transport.written == [frame(1, BOTH)]

        await receiver.settle(1, stored=False)
        assert transport.written == [frame(1, BOTH)]
        await receiver.settle(0)
        assert transport.written[1:] == [frame(2, OK) + frame(3, FAILED)]
        await receiver.settle()
        assert transport.written[2:] == [frame(4, OK)]
        connection.connection_lost(None)

    run(scenario)


def test_a_batch_is_held_until_it_is_stored_even_if_its_sink_is_gone() -> None:
    async def scenario(receiver: Receiver) -> None:
        before = receiver.free
        connection, transport = receiver.connect(HELLO, frame(2, append_batch(lines("abc"))))
        assert receiver.free == before - len(lines("abc")[0])
        transport.abort()
        connection.connection_lost(None)
        assert receiver.free == before - len(lines("abc")[0])

        await receiver.settle()
        assert transport.written == [frame(1, BOTH)]

    run(scenario)


def test_a_connection_with_many_unanswered_calls_is_not_read_until_one_is_answered() -> None:
    async def scenario(receiver: Receiver) -> None:
        calls = [frame(2 + i, append_batch(lines("x"))) for i in range(CALLS_MAX)]
        connection, transport = receiver.connect(HELLO, *calls[:-1])
        assert transport.reading
        connection.data_received(calls[-1])
        assert not transport.reading

        await receiver.settle()
        assert transport.reading
        for _ in calls[1:]:
            await receiver.settle()
        connection.connection_lost(None)

    run(scenario)


def test_a_sink_that_does_not_read_its_answers_is_not_read() -> None:
    async def scenario(receiver: Receiver) -> None:
        connection, transport = receiver.connect(HELLO)
        connection.pause_writing()
        assert not transport.reading
        connection.stop_reading()
        connection.resume_writing()
        assert not transport.reading, "the receiver ends"
        connection.connection_lost(None)

    run(scenario)


def test_after_an_end_of_the_pause_the_sink_is_read_again() -> None:
    async def scenario(receiver: Receiver) -> None:
        connection, transport = receiver.connect(HELLO)
        connection.pause_writing()
        connection.resume_writing()
        assert transport.reading
        transport.abort()
        connection.pause_writing()  # a closed transport may not be told so
        connection.resume_writing()
        connection.connection_lost(None)

    run(scenario)


# --- memory -------------------------------------------------------------------------------------


def test_a_frame_that_finds_no_memory_waits_for_it() -> None:
    async def scenario(receiver: Receiver) -> None:
        before = receiver.free
        first, one = receiver.connect(HELLO, large(2, LARGE + KIB)[:100])
        assert one.reading, "one connection gets whatever it needs"
        assert receiver.free == before - LARGE - KIB
        second, two = receiver.connect(HELLO, large(2, LARGE)[:100])
        assert not two.reading

        first.data_received(large(2, LARGE + KIB)[100:])
        assert not two.reading, "the batch is not stored yet"
        await receiver.settle()
        assert two.reading
        assert receiver.free == before - LARGE
        second.data_received(large(2, LARGE)[100:])
        await receiver.settle()
        assert two.written == one.written == [frame(1, BOTH), frame(2, OK)]
        assert receiver.free == before
        first.connection_lost(None)
        second.connection_lost(None)

    run(scenario)


def test_what_arrives_while_memory_is_exceeded_is_read_later() -> None:
    async def scenario(receiver: Receiver) -> None:
        connection, transport = receiver.connect(HELLO)
        receiver.memory.add(ROOM + FRAME_MAX + 1)
        half = len(large(2, KIB)) // 2
        connection.data_received(large(2, KIB)[:half])
        connection.data_received(large(2, KIB)[half:])
        assert receiver.batches == []
        assert not transport.reading

        receiver.memory.give_back(ROOM + FRAME_MAX + 1)
        await turns()
        assert transport.reading
        await receiver.settle()
        assert transport.written == [frame(1, BOTH), frame(2, OK)]
        connection.connection_lost(None)

    run(scenario)


def test_a_connection_lost_while_it_waits_for_memory_is_granted_none() -> None:
    async def scenario(receiver: Receiver) -> None:
        first, _ = receiver.connect(HELLO, large(2, LARGE + KIB)[:100])
        second, two = receiver.connect(HELLO, large(2, LARGE)[:100])
        two.abort()
        second.connection_lost(None)
        first.connection_lost(None)
        await turns()

    run(scenario)


# --- opening and closing ------------------------------------------------------------------------


def test_a_connection_sends_at_once_and_notices_a_dead_peer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(receiver: Receiver) -> None:
        connection, transport = receiver.connect()
        assert transport.socket.options == [
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ]
        connection.connection_lost(ConnectionResetError("reset"))
        connection.connection_lost(None)
        assert len(receiver.connections) == 0

    run(scenario)
    assert caplog.messages == ["host:0 connected", "host:0 disconnected (reset)"]


def test_a_connection_over_the_limit_is_aborted() -> None:
    async def scenario(receiver: Receiver) -> None:
        for expected in ("", "", "aborted"):
            _, transport = receiver.connect()
            assert transport.closed == expected
        assert transport.socket.options == []

    run(scenario)


def test_bytes_that_are_no_call_close_the_connection_and_one_line_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(receiver: Receiver) -> None:
        connection, transport = receiver.connect(b"GET / HTTP/1.1\r\n\r\n")
        assert transport.closed == "aborted"
        assert receiver.connections.refused == {Refusal.PROTOCOL: 1}
        connection.connection_lost(None)

    run(scenario)
    assert len(caplog.messages) == 2
    assert caplog.messages[1].startswith("host:0 closed: frame of 790,644,820 buffers")


def test_a_client_that_goes_away_within_a_frame_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(receiver: Receiver) -> None:
        connection, _ = receiver.connect(HELLO, large(2, 20 * KIB)[:1000])
        connection.connection_lost(None)

    run(scenario)
    assert caplog.messages[1:] == ["host:0 went away within a frame; its sink sends it again"]


@pytest.mark.parametrize(
    ("sent", "seconds", "reason"),
    [
        (b"", 60.9, ""),
        (b"\0\0", 60, ""),
        (b"\0\0", 61, "half a frame in 61 s; its sink sends it again"),
        (b"", 300, ""),
        (b"", 301, "nothing for 301 s (idleTimeout)"),
    ],
)
def test_a_connection_that_stalls_is_closed(
    sent: bytes,
    seconds: float,
    reason: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(receiver: Receiver) -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 1000.0)
        connection, transport = receiver.connect(HELLO, *([sent] if sent else []))
        connection.close_if_stalled(1000.0 + seconds)
        assert bool(transport.closed) == bool(reason)
        assert receiver.connections.refused[Refusal.STALLED] == bool(reason)
        connection.connection_lost(None)

    run(scenario)
    if reason:
        assert caplog.messages[1:] == [f"host:0 closed: {reason}"]


# --- TLS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (None, "host:0 closed: TLS failed: it went away"),
        (ConnectionResetError("reset"), "host:0 closed: TLS failed: reset"),
        (NotingTransport(7), "host:0 connected"),
    ],
)
def test_a_connection_with_tls_is_read_after_the_handshake(
    outcome: NotingTransport | OSError | None,
    said: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, object]] = []

    async def start_tls(*_: object, **options: object) -> NotingTransport | None:
        asked.append(options)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    async def scenario() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "start_tls", start_tls)
        receiver = Receiver(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
        connection, plain = receiver.connect()
        assert not plain.reading
        assert caplog.messages == []
        await turns()

        assert asked == [{"server_side": True, "ssl_handshake_timeout": 60}]
        failed = not isinstance(outcome, NotingTransport)
        assert receiver.connections.refused[Refusal.TLS] == failed
        assert (connection in receiver.connections) != failed
        connection.close()
        assert plain.closed == ("closed" if failed else "")
        assert failed or outcome.closed == "closed"

    asyncio.run(scenario())
    assert caplog.messages == [said]


def test_a_connection_that_is_closed_within_the_handshake_is_not_said_to_fail(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start_tls(*_: object, **options: object) -> None:
        await asyncio.sleep(0)

    async def scenario() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "start_tls", start_tls)
        receiver = Receiver(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
        connection, _ = receiver.connect()
        connection.close_if_stalled(asyncio.get_running_loop().time() + 301)
        await turns()
        assert receiver.connections.refused == {Refusal.STALLED: 1}
        assert len(receiver.connections) == 0

    asyncio.run(scenario())
    assert caplog.messages == ["host:0 closed: nothing for 301 s (idleTimeout)"]
