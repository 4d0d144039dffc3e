"""The receiver in a real Spark, met on the wire as Flume's avro sink and others meet it."""

from __future__ import annotations

import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
from pyspark_flume.events.record import encode_event

from tests.support.at_once import at_once_with
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
from tests.support.program_signs import signs_in
from tests.support.spark import RecordedSpark, Sparks, accepts, free_port, streaming_tab

pytestmark = pytest.mark.usefixtures("begun")  # the slow ones begin with the first test
PLAIN, COMPRESSED = 0, 1
BOTH_STREAMS = pytest.mark.parametrize("stream", [PLAIN, COMPRESSED], ids=["plain", "compressed"])
CORES = 3
MIB = 1024 * 1024


@pytest.fixture(scope="module", autouse=True)
def jar(installed_jar: Path) -> None:
    """All need the receiver."""


@pytest.fixture(scope="module")
def spark(start_spark: Callable[..., RecordedSpark]) -> Iterator[RecordedSpark]:
    """Two streams on one host: bodies to hex by a decoder of ours, and zlib with the default."""
    spark = start_spark(f"local[{CORES}]", {"decoder": "hex"}, {"decompress": True})
    spark.wait_until_listening(PLAIN)
    spark.wait_until_listening(COMPRESSED)
    yield spark
    spark.stop()
    assert not spark.log_lines("NOTHING WILL BE PROCESSED")


def hexed(*texts: str) -> list[list[object]]:
    return [[{}, text.encode().hex()] for text in texts]


def peer_of(client: AvroClient) -> str:
    """How a log line names it; with the blank behind it, port 4567 is not 45678."""
    host, port = client.socket.getsockname()
    return f"Flume client {host}:{port} "


def assert_disconnected(spark: RecordedSpark, client: AvroClient, *reason: str) -> None:
    assert client.closed_by_peer()
    spark.wait_for_log(peer_of(client), "disconnected: ", *reason)
    assert len(spark.log_lines(peer_of(client))) == 1
    assert not spark.log_lines("at io.pysparkflume"), "a stack trace says nothing to a user"


# --- what arrives -------------------------------------------------------------------------------


def test_an_event_is_its_headers_and_its_decoded_body_in_the_order_of_sending(
    spark: RecordedSpark,
) -> None:
    sent = [
        ({}, b"no headers"),
        ({"host": "web-1", "empty": ""}, b"two headers"),
        ({"ort": "Köln", "名前": "値", "🜁": "\U0001f701"}, "non-ASCII: Köln 値".encode()),
        ({}, b"\x00\xff not UTF-8 \xfe"),
    ]
    with spark.client() as client:
        batch = [encode_event(headers, body) for headers, body in sent]
        assert client.call(handshake() + append_batch(batch)).endswith(OK)

    assert spark.take_events() == [[headers, body.hex()] for headers, body in sent]


@pytest.mark.parametrize("size", [0, 1, 1021, MIB])
@BOTH_STREAMS
def test_a_body_of_any_size_arrives_whole(spark: RecordedSpark, stream: int, size: int) -> None:
    body = Random(size).randbytes(size) if stream == PLAIN else b"x" * size
    with spark.client(stream) as client:
        assert client.call(handshake() + append(encode_event({}, body))).endswith(OK)

    decoded = body.hex() if stream == PLAIN else body.decode()
    assert spark.take_events(stream) == [[{}, decoded]]


@BOTH_STREAMS
def test_append_and_append_batch_go_on_on_one_connection(spark: RecordedSpark, stream: int) -> None:
    with spark.client(stream) as client:
        assert client.call(handshake() + append(*lines("1"))).endswith(OK)
        assert client.call(append_batch(lines("2", "3"))) == OK
        assert client.call(append_batch()) == OK
        assert client.call(append(*lines("4"))) == OK

    bodies = ["1", "2", "3", "4"]
    expected = hexed(*bodies) if stream == PLAIN else [[{}, body] for body in bodies]
    assert spark.take_events(stream) == expected


def test_an_unknown_flume_sends_its_protocol_on_each_connection(
    spark: RecordedSpark,
) -> None:
    other = bytes(range(16))
    call = append(*lines("full handshake"))
    with spark.client() as client:
        none = client.call(handshake(other, server=other) + call)
        assert none[:1] == b"\x04"  # match NONE, and the server's protocol
        assert b'"protocol":"AvroSourceProtocol"' in none
        assert client.call(handshake(other, text=OTHER_TEXT) + call) == b"\0\0\0\0" + OK
        assert client.call(call) == OK
    with spark.client() as client:
        # Another client may have that hash with another protocol.
        assert client.call(handshake(other) + call)[:1] == b"\x04"
        assert client.call(handshake(other, text=OTHER_TEXT) + call) == b"\0\0\0\0" + OK

    assert spark.take_events() == hexed("full handshake") * 3


@pytest.mark.parametrize("sized", [False, True], ids=["counted", "sized"])
def test_a_batch_in_several_blocks_arrives_in_order(spark: RecordedSpark, sized: bool) -> None:
    blocks = lines("1"), lines("2", "3"), lines("4", "5", "6")
    with spark.client() as client:
        assert client.call(handshake() + append_batch(*blocks, sized=sized)).endswith(OK)

    assert spark.take_events() == hexed("1", "2", "3", "4", "5", "6")


def test_a_call_may_come_in_many_buffers(spark: RecordedSpark) -> None:
    texts = [f"line {i}" for i in range(100)]
    with spark.client() as client:
        answer = client.call(handshake() + append_batch(lines(*texts)), buffers=50)
        assert answer.endswith(OK)

    assert spark.take_events() == hexed(*texts)


@BOTH_STREAMS
def test_a_call_may_come_byte_by_byte(spark: RecordedSpark, stream: int) -> None:
    with spark.client(stream) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.serial = 1
        for byte in frame(1, handshake() + append(*lines("drop by drop"))):
            client.send(bytes([byte]))
        assert client.answer().endswith(OK)

    text = "drop by drop"
    assert spark.take_events(stream) == (hexed(text) if stream == PLAIN else [[{}, text]])


def test_fifty_connections_at_once_lose_and_double_nothing(spark: RecordedSpark) -> None:
    clients = [spark.client() for _ in range(50)]
    try:
        for batch in range(4):
            for number, client in enumerate(clients):
                texts = [f"{number} {batch} {i}" for i in range(10)]
                client.serial += 1
                payload = append_batch(lines(*texts))
                client.send(frame(client.serial, payload if batch else handshake() + payload))
            assert all(client.answer().endswith(OK) for client in clients)
    finally:
        for client in clients:
            client.socket.close()

    arrived = [bytes.fromhex(str(body)).decode() for _, body in spark.take_events()]
    assert sorted(arrived) == sorted(
        f"{number} {batch} {i}" for number in range(50) for batch in range(4) for i in range(10)
    )


def test_a_micro_batch_of_many_blocks_has_as_many_tasks_as_cores_and_keeps_the_order(
    spark: RecordedSpark,
) -> None:
    texts = [f"block {i}" for i in range(200)]
    with spark.client() as client:
        assert client.call(handshake()) == b"\0\0\0\0"
        client.send(b"".join(frame(client.serial, append(*lines(text))) for text in texts))
        assert [client.answer() for _ in texts] == [OK] * len(texts)

    batches = spark.take()
    blocks = [len(batch["events"]) for batch in batches]  # a call is a block
    assert max(blocks) > 2 * CORES, "no batch was large enough to tell"
    assert max(batch["partitions"] for batch in batches) == CORES
    assert [event for batch in batches for event in batch["events"]] == hexed(*texts)


# --- what is refused ----------------------------------------------------------------------------

CALL = frame(1, handshake() + append(*lines("never stored")))
CLIENT_HELLO = "16030102000100 01fc0303" + "5a" * 64  # how TLS begins


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            ["buffers, the limit is 16,384", "only Flume's avro sink"],
            id="http",
        ),
        pytest.param(bytes.fromhex(CLIENT_HELLO), ["ssl = true", "set it to false"], id="tls"),
        pytest.param(Random(11).randbytes(4096), ["buffers, the limit is"], id="random bytes"),
        pytest.param(
            struct.pack(">III", 1, 1, 64 * MIB + 1),
            ["frame of at least 67,108,865 bytes, the limit is 67,108,864"],
            id="a frame over the limit",
        ),
        pytest.param(
            struct.pack(">III", 1, 1, 2**32 - 1),
            ["frame of at least 4,294,967,295 bytes"],
            id="a negative length",
        ),
        pytest.param(
            frame(1, handshake() + append(b"\0" + avro_long(1000) + b"x")),
            ["length of 1000 bytes with 1 left"],
            id="a body longer than its frame",
        ),
        pytest.param(
            frame(1, handshake() + append_batch()[:-1] + avro_long(10**6)),
            ["block of 1000000 items in the last 0 bytes"],
            id="more events than bytes",
        ),
        pytest.param(
            frame(1, handshake() + b"\0" + avro_string("drop\nTable")),
            ["unknown call 'drop?Table'"],
            id="an unknown call",
        ),
        pytest.param(
            frame(1, handshake(b"?" * 16, text="[]")),
            ["the client's protocol is not valid"],
            id="a protocol that is none",
        ),
        pytest.param(zlib.compress(CALL), ["pass enableDecompression=True"], id="compressed"),
    ],
)
def test_what_is_not_flume_is_disconnected_and_others_are_served(
    spark: RecordedSpark, sent: bytes, reason: list[str]
) -> None:
    with spark.client() as other, AvroClient(spark.port()) as client:
        assert other.call(handshake() + append(*lines("before"))).endswith(OK)
        client.socket.sendall(sent)
        assert_disconnected(spark, client, *reason)
        assert other.call(append(*lines("after"))) == OK

    assert spark.take_events() == hexed("before", "after")


@pytest.mark.parametrize("length", range(1, len(CALL), 20))
def test_a_call_that_ends_half_way_is_not_stored(spark: RecordedSpark, length: int) -> None:
    with AvroClient(spark.port()) as client:
        client.socket.sendall(CALL[:length])
        client.socket.shutdown(socket.SHUT_WR)
        assert_disconnected(spark, client, "ended within a call")

    assert spark.take_events() == []


def test_a_plain_client_is_told_of_the_receivers_compression(spark: RecordedSpark) -> None:
    with AvroClient(spark.port(COMPRESSED), compress=False) as client:
        client.socket.sendall(CALL)
        assert_disconnected(
            spark,
            client,
            "bytes are not zlib",
            "set compression-type = deflate on the sink or enableDecompression=False here",
        )

    assert spark.take_events(COMPRESSED) == []


def test_a_compression_bomb_is_disconnected_and_memory_stays_bounded(
    spark: RecordedSpark,
) -> None:
    buffer = struct.pack(">I", 65536) + bytes(65536)
    compress = zlib.compressobj()
    bomb = b"".join(
        [compress.compress(FRAME.pack(1, 8192)), *map(compress.compress, [buffer] * 8192)]
    )
    assert len(bomb) < MIB  # and 512 MiB inflated
    memory = spark.jvm().memory_info().rss

    for _ in range(3):
        with AvroClient(spark.port(COMPRESSED)) as client:
            with suppress(ConnectionError):  # closed before all is sent
                client.socket.sendall(bomb)
            assert_disconnected(spark, client, "the limit is 67,108,864")

    grown = spark.jvm().memory_info().rss - memory
    assert grown < 512 * MIB
    assert spark.take_events(COMPRESSED) == []


def test_a_client_may_be_silent_between_calls_but_not_within_one(spark: RecordedSpark) -> None:
    with spark.client() as silent, AvroClient(spark.port()) as stalling:
        assert silent.call(handshake() + append(*lines("before"))).endswith(OK)
        stalling.socket.sendall(CALL[:-1])

        assert_disconnected(spark, stalling, "stalled within a call for 2 s")

        # It was silent for as long as the other one stalled.
        assert silent.call(append(*lines("after"))) == OK
    assert spark.take_events() == hexed("before", "after")


# --- other Sparks -------------------------------------------------------------------------------


@at_once_with(Sparks)
def test_what_was_answered_ok_before_a_stop_is_counted_and_nothing_is_after_it(
    start_spark: Sparks,
) -> None:
    spark = start_spark("local[2]", {})
    spark.wait_until_listening()
    answered: list[str] = []
    last_answers: list[bytes] = []
    begun = threading.Event()

    def send_until_closed() -> None:
        with spark.client() as client, suppress(ConnectionError):
            client.call(handshake())
            for number in range(10**9):
                answer = client.call(append(*lines(f"{number}")))
                if answer != OK:
                    last_answers.append(answer)
                    continue
                assert not last_answers, "OK again after a call was refused"
                answered.append(f"{number}")
                if number == 50:
                    begun.set()

    sender = threading.Thread(target=send_until_closed, daemon=True)
    sender.start()
    assert begun.wait(timeout=60)
    spark.stop("stop\n")
    sender.join(timeout=60)

    assert not sender.is_alive()
    assert spark.process.returncode == 0
    assert not accepts(spark.port())
    counted = [body for batch in spark.batches() for _, body in batch["events"]]
    # One more may have been stored, its answer cut off by the stop.
    assert counted[: len(answered)] == answered
    assert len(counted) <= len(answered) + 1 + len(last_answers)
    assert not spark.log_lines("NOTHING WILL BE PROCESSED")


@at_once_with(Sparks)
def test_a_receiver_that_cannot_listen_says_why_and_comes_up_once_it_can(
    start_spark: Sparks,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other_program:
        port = other_program.getsockname()[1]
        conf = {"spark.ui.enabled": "true", "spark.ui.port": str(ui_port := free_port())}
        streams = [{"port": port}, {"host": "no-such-host.invalid"}]
        spark = start_spark("local[3]", *streams, conf=conf)
        spark.wait_for_log(
            "ERROR",
            f"Flume receiver cannot listen on 127.0.0.1:{port}: Address already in use; "
            "another program listens there: end it or choose another port",
        )
        spark.wait_for(
            lambda: any(
                f"127.0.0.1:{port}: Address already in use" in receiver.get("lastErrorMessage", "")
                for receiver in streaming_tab(ui_port)("receivers")
            ),
            "the Streaming tab says so, too",
        )
        assert (
            f"127.0.0.1:{port}: the program's receiver cannot listen there: Address already in "
            "use; another program listens there: end it or choose another port"
        ) in [sign.sentence for sign in signs_in(spark)]
    spark.wait_until_listening()
    with spark.client() as client:
        assert client.call(handshake() + append(*lines("at last"))).endswith(OK)
    assert spark.take_events() == [[{}, "at last"]]

    spark.wait_for_log(
        "ERROR",
        f"Flume receiver cannot listen on no-such-host.invalid:{spark.port(1)}: unknown host; "
        "pass the host name of the worker that runs the receiver",
    )
    left = [sign.place for sign in signs_in(spark) if sign.name == "cannot-listen"]
    assert left == [f"no-such-host.invalid:{spark.port(1)}"]


@at_once_with(Sparks)
def test_one_core_for_one_receiver_is_warned_of(
    start_spark: Sparks,
) -> None:
    spark = start_spark("local[1]", {})

    spark.wait_for_log(
        "WARN",
        "NOTHING WILL BE PROCESSED: 1 core(s) for 1 receiver(s)",
        "the program itself sets the master local[1], so change it there to local[2]",
    )
