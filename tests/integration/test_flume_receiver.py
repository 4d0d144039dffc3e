"""The receiver as a process, met on the wire as Flume's avro sinks and others meet it."""

from __future__ import annotations

import resource
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from pyspark_flume.ingest.background_service import BackgroundService
from pyspark_flume.landing import Landing
from pyspark_flume.options.ingestion import ReceiverSettings

from tests.support.avro_client import (
    FRAME,
    OK,
    OTHER_TEXT,
    AvroClient,
    append,
    append_batch,
    avro_long,
    avro_string,
    frame,
    handshake,
    lines,
)
from tests.support.receiver import Gate, ReceiverProgram, bodies, lines_of
from tests.support.spark import free_port, wait_for

MIB = 1024 * 1024
FRAME_SECONDS = 1


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProgram]:
    """One for all clients that behave badly; in the end it still serves the first client."""
    folder = tmp_path_factory.mktemp("receiver")
    patch = f"receiver.FRAME_SECONDS_MAX = {FRAME_SECONDS}"
    with ReceiverProgram(folder, patch=patch) as receiver, receiver.client() as bystander:
        assert bystander.call(handshake() + append_batch(lines("first"))).endswith(OK)
        yield receiver
        assert bystander.call(append_batch(lines("last"))) == OK
        assert not receiver.log_lines("Traceback")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


@pytest.fixture
def thread_port(gate: Gate, tmp_path: Path) -> Iterator[int]:
    """The port of a receiver in this process, whose fsyncs go through the gate."""
    settings = ReceiverSettings(tmp_path / "landing", free_port(), "127.0.0.1")
    service = BackgroundService.start(settings)
    yield settings.port
    gate.open.set()
    service.stop()


# --- OK means durable ---------------------------------------------------------------------------


def test_a_batch_is_answered_ok_only_after_its_fsync(
    gate: Gate, thread_port: int, tmp_path: Path
) -> None:
    with AvroClient(thread_port) as client:
        client.call(handshake())
        gate.open.clear()
        calls = gate.calls
        client.serial = 2
        client.send(frame(2, append_batch(lines("a"))))
        wait_for(lambda: gate.calls > calls, "the fsync has begun")
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.answer()
        assert Landing(tmp_path / "landing").latest() == 0, "readers see only what is durable"

        gate.open.set()
        client.socket.settimeout(10)
        assert client.answer() == OK
    assert bodies(tmp_path / "landing") == [b"a"]


def test_batches_that_come_during_an_fsync_share_the_next_one(
    gate: Gate, thread_port: int, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(AvroClient(thread_port)) for _ in range(40)]
        for client in clients:
            client.call(handshake())
        gate.open.clear()
        before = gate.calls
        for client in clients:
            client.serial += 1
            client.send(frame(client.serial, append_batch(lines("x"))))
        wait_for(lambda: gate.calls > before, "an fsync has begun")
        # The receiver has read them all once it answers this one, whose call needs no fsync.
        with AvroClient(thread_port) as last:
            last.call(handshake())
        gate.open.set()
        assert [client.answer() for client in clients] == [OK] * 40
    assert gate.calls - before <= 5
    assert bodies(tmp_path / "landing") == [b"x"] * 40


def test_a_pipelining_client_gets_its_answers_in_the_order_of_its_calls(
    receiver: ReceiverProgram,
) -> None:
    count = 200
    calls = [append_batch(lines(f"p{i}")) if i % 3 else b"\0" + b"\0" for i in range(1, count)]
    with receiver.client() as client:
        client.call(handshake())
        client.send(b"".join(frame(2 + i, call) for i, call in enumerate(calls)))
        for i, call in enumerate(calls):
            client.serial = 2 + i
            assert client.answer() == (OK if len(call) > 2 else b"")
    mine = [body for body in bodies(receiver.landing) if body.startswith(b"p")]
    assert mine == [f"p{i}".encode() for i in range(1, count) if i % 3]


def test_a_batch_whose_connection_is_lost_before_the_answer_is_stored_and_known_again(
    gate: Gate, thread_port: int, tmp_path: Path
) -> None:
    batch = append_batch(lines_of("a.log", range(0, 50, 10)))
    with AvroClient(thread_port) as again:
        again.call(handshake())
        with AvroClient(thread_port) as client:
            client.call(handshake())
            gate.open.clear()
            before = gate.calls
            client.send(frame(2, batch))
            wait_for(lambda: gate.calls > before, "the fsync has begun")
        again.serial = 2
        again.send(frame(2, batch))
        again.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):  # what it repeats is not durable yet
            again.answer()
        gate.open.set()
        again.socket.settimeout(10)
        assert again.answer() == OK
    assert bodies(tmp_path / "landing") == [b"a.log@%d" % i for i in range(0, 40, 10)]


def test_flume_1_11_needs_a_short_handshake_and_other_clients_are_asked_for_their_protocol(
    receiver: ReceiverProgram,
) -> None:
    with receiver.client() as client:
        assert client.call(handshake() + append_batch(lines("short"))) == b"\0\0\0\0" + OK
        assert client.call(append_batch(lines("on"))) == OK
    other = b"\x07" * 16
    with receiver.client() as client:
        call = append_batch(lines("full"))
        assert client.call(handshake(other, other) + call)[:1] == b"\4"
        assert client.call(handshake(other, other, OTHER_TEXT) + call).endswith(OK)
        assert client.call(append_batch(lines("on"))) == OK
    assert [x for x in bodies(receiver.landing) if x in (b"short", b"full")] == [b"short", b"full"]


def test_deflate_goes_both_ways(tmp_path: Path) -> None:
    with ReceiverProgram(tmp_path, "--compression", "deflate") as receiver:
        with receiver.client(compress=True) as client:
            assert client.call(handshake()) == b"\0\0\0\0"
            texts = [f"{i:0150d}" for i in range(2000)]
            for i in range(3):
                assert client.call(append_batch(lines(*texts)), buffers=40) == OK, i
        bomb = zlib.compress(frame(1, handshake()) + FRAME.pack(2, 1) + b"\0\0\0\1" * 25_000_000)
        with receiver.client() as client:
            client.socket.sendall(bomb)
            assert client.closed_by_peer()
            receiver.wait_for(lambda: len(receiver.said_of(client)) == 1, "one line")
        with receiver.client() as client:
            client.socket.sendall(frame(1, handshake()))
            assert client.closed_by_peer()
            receiver.wait_for(lambda: receiver.said_of(client), "one line")
            assert "set compression-type = deflate on the sink" in receiver.said_of(client)[0]
        assert psutil.Process(receiver.process.pid).memory_info().rss < 400 * MIB
        assert len(bodies(receiver.landing)) == 6000


# --- what is refused ----------------------------------------------------------------------------

TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(190)
PROTOCOL = '{"protocol":"Other","types":[],"messages":{"f":{"request":[],"response":"null"}}}'


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        pytest.param(b"\xde\xad\xbe\xef" * 64, "buffers, the limit is", id="garbage"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "only Flume's avro sink", id="HTTP"),
        pytest.param(TLS_HELLO, "if the sink has ssl = true", id="TLS"),
        pytest.param(zlib.compress(frame(1, handshake())), "compression-type = deflate", id="zlib"),
        pytest.param(FRAME.pack(1, 1) + b"\x7f\xff\xff\xff", "2,147,483,647 bytes", id="2 GiB"),
        pytest.param(frame(1, b"\1" * 15), "not an Avro handshake", id="a short hash"),
        pytest.param(
            frame(1, handshake(b"\7" * 16, text=PROTOCOL)), "speaks Other", id="another protocol"
        ),
        pytest.param(
            frame(1, handshake() + b"\0" + avro_string("appendBatch") + avro_long(10**6) + b"\0\0"),
            "call 1 is damaged",
            id="a count that lies",
        ),
        pytest.param(
            frame(1, handshake() + append(b"\0" + avro_long(5000) + b"x")),
            "call 1 is damaged",
            id="a body that lies",
        ),
    ],
)
def test_a_client_that_is_no_sink_is_closed_and_one_line_says_why(
    receiver: ReceiverProgram, sent: bytes, reason: str
) -> None:
    with receiver.client() as client:
        client.socket.sendall(sent)
        assert client.closed_by_peer()
        receiver.wait_for(lambda: receiver.said_of(client), "a line")
        (line,) = receiver.said_of(client)
        assert reason in line
        assert "WARNING" in line


@pytest.mark.parametrize(
    "sent",
    [b"\0\0", FRAME.pack(1, 1), FRAME.pack(1, 1) + struct.pack(">I", 64 * MIB) + b"x"],
    ids=["half a number", "no length", "a length"],
)
def test_half_a_frame_and_then_silence_is_closed_in_time(
    receiver: ReceiverProgram, sent: bytes
) -> None:
    with receiver.client() as client:
        client.socket.sendall(sent)
        assert client.closed_by_peer()
        receiver.wait_for(lambda: receiver.said_of(client), "a line")
        assert "half a frame" in receiver.said_of(client)[0]
        assert len(receiver.said_of(client)) == 1


def test_a_frame_that_drips_is_closed_in_time_too(receiver: ReceiverProgram) -> None:
    with receiver.client() as client:
        client.socket.sendall(FRAME.pack(1, 1) + struct.pack(">I", MIB))

        def closed() -> bool:
            with suppress(ConnectionError):
                client.socket.sendall(b"x")
            return bool(receiver.said_of(client))

        receiver.wait_for(closed, "it is closed though it never was silent")
        assert "half a frame" in receiver.said_of(client)[0]


def test_a_client_that_goes_away_within_a_frame_is_named(receiver: ReceiverProgram) -> None:
    client = receiver.client()
    client.socket.sendall(FRAME.pack(1, 1))
    host, port = client.socket.getsockname()
    client.socket.close()
    receiver.wait_for_log(f"{host}:{port} ", "went away within a frame")


def test_a_client_that_does_not_read_its_answers_cannot_fill_the_memory(
    receiver: ReceiverProgram,
) -> None:
    unknown = b"\0" + avro_string("no such call") + b"\0" * 4
    flood = b"".join(frame(2 + i, unknown) for i in range(5000))
    with receiver.client() as client:
        client.call(handshake())
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.socket.settimeout(8 * FRAME_SECONDS)
        with pytest.raises(ConnectionError):
            for _ in range(2000):
                client.socket.sendall(flood)
        receiver.wait_for(lambda: receiver.said_of(client), "a line")
        assert "has not read its answers" in receiver.said_of(client)[0]
    assert psutil.Process(receiver.process.pid).memory_info().rss < 300 * MIB


def test_an_idle_client_is_closed_only_where_that_is_set(tmp_path: Path) -> None:
    with ReceiverProgram(tmp_path, "--idle-timeout", "1") as receiver, receiver.client() as client:
        client.call(handshake())
        assert client.closed_by_peer()
        receiver.wait_for(lambda: receiver.said_of(client), "a line")
        assert "(idleTimeout)" in receiver.said_of(client)[0]


# --- limits -------------------------------------------------------------------------------------


def rss(receiver: ReceiverProgram) -> int:
    return psutil.Process(receiver.process.pid).memory_info().rss


def test_a_thousand_sinks_at_once_are_answered_and_one_more_is_refused(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1200:
        pytest.skip(f"this process may open {hard} files only")
    batch = append_batch(lines(*(f"{i:0150d}" for i in range(100))))
    # The receiver raises its own limit: a shell's is often 1,024.
    patch = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))"
    with ReceiverProgram(tmp_path, patch=patch) as receiver, ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
        clients = [stack.enter_context(receiver.client()) for _ in range(1000)]
        for client in clients:
            client.serial = 1
            client.send(frame(1, handshake() + batch))
        assert all(client.answer().endswith(OK) for client in clients)
        for _ in range(3):
            with receiver.client() as refused:
                assert refused.closed_by_peer()
        assert len(receiver.log_lines("refused", "maxConnections")) == 1
        clients[0].socket.close()
        receiver.wait_for(lambda: receiver.stores(*lines("x")), "there is room for one again")
        assert rss(receiver) < 300 * MIB
        receiver.end()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert Landing(receiver.landing).latest() == 100_001


def test_slow_clients_with_large_frames_take_neither_the_memory_nor_the_turn_of_others(
    tmp_path: Path,
) -> None:
    with ReceiverProgram(tmp_path) as receiver, ExitStack() as stack:
        large = [stack.enter_context(receiver.client()) for _ in range(64)]
        announced = FRAME.pack(1, 1) + struct.pack(">I", 64 * MIB) + bytes(2 * MIB)
        for client in large:
            client.socket.setblocking(False)
            left = memoryview(announced)
            with suppress(BlockingIOError):
                while left:
                    left = left[client.socket.send(left) :]
        began = time.monotonic()
        batch = lines(*(f"{i:0150d}" for i in range(1000)))
        assert receiver.stores(*batch)
        assert time.monotonic() - began < 5
        assert rss(receiver) < 400 * MIB


def test_a_frame_that_finds_no_memory_in_time_is_closed_and_the_reason_named(
    tmp_path: Path,
) -> None:
    with ReceiverProgram(tmp_path, patch="receiver.FRAME_SECONDS_MAX = 1") as receiver:
        with ExitStack() as stack:
            large = [stack.enter_context(receiver.client()) for _ in range(7)]
            for client in large:
                client.socket.sendall(FRAME.pack(1, 1) + struct.pack(">I", 64 * MIB) + b"x")
            assert all(client.closed_by_peer() for client in large)
            said = [receiver.said_of(client) for client in large]
        assert [len(of_one) for of_one in said] == [1] * 7
        assert sum("no memory for its frame" in line for (line,) in said) >= 3
        batch = lines(*(bytes(30_000) for _ in range(1000)))
        assert receiver.stores(*batch), "the memory of the closed connections is free again"


def test_large_frames_that_each_hold_what_the_others_need_are_all_stored(tmp_path: Path) -> None:
    """Ten times 30 MiB with memory for 192; a size is not known before its last buffer begins."""
    batch = frame(1, handshake() + append_batch(lines(*(bytes(30_000) for _ in range(1000)))), 100)
    most = len(batch) * 6 // 10
    with ReceiverProgram(tmp_path) as receiver:
        have_sent_most = threading.Barrier(10)

        def send() -> bytes:
            with receiver.client() as client:
                client.serial = 1
                client.send(batch[:most])
                have_sent_most.wait(20)
                client.send(batch[most:])
                return client.answer()

        with ThreadPoolExecutor(10) as sinks:
            answers = [sinks.submit(send) for _ in range(10)]
            assert all(answer.result().endswith(OK) for answer in answers)
        assert not receiver.log_lines("WARNING")
        assert rss(receiver) < 600 * MIB
    assert Landing(receiver.landing).latest() == 10_000
