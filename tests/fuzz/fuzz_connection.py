"""Coverage-guided fuzzing of the code that reads a peer's bytes. Accepts libFuzzer's options.

    python tests/fuzz/fuzz_connection.py -max_total_time=60

The first byte of an input chooses which code reads the rest: a plain connection before or after its
handshake; a compressed connection, which gets the bytes as they are or compressed here, because a
fuzzer cannot guess valid zlib; `scan_events`; or the poller's side before or after its handshake.
The second byte is the size of the chunks. Any exception but a FlumeError is a finding, and so is a
failed assertion.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["pyspark_flume"]):
    from pyspark_flume.avroipc.limits import Limits
    from pyspark_flume.avroipc.pull_connection import PullConnection
    from pyspark_flume.avroipc.push_connection import PushConnection
    from pyspark_flume.errors import EventCorrupt, ProtocolError
    from pyspark_flume.events.event_positions import EventColumns, scan_events
    from pyspark_flume.events.record import decode_events, encode_event

    from tests.support.avro_client import (
        BOTH,
        DONE,
        OTHER_TEXT,
        append,
        append_batch,
        frame,
        handshake,
        lines,
    )
    from tests.support.spark_sink import OTHER_PROTOCOL, event_batch

KIB = 1024
LIMITS = Limits(frame_bytes_max=64 * KIB, frame_buffers_max=16, batch_events_max=1000)
PLAIN, INFLATED, ZLIB, EVENTS, CALL, PULL, ANSWER = range(7)

DICTIONARY = [
    *(b"\x0cappend", b"\x16appendBatch", b"\x00\x00\x00\x01\x00\x00\x00\x01"),
    *(b'"type":', b'"record"', b'"enum"', b'"map"', b'"array"', b'"items":', b'"values":'),
    *(b'"fields":[', b'"symbols":[', b'"request":[', b'"response":', b'"messages":{', b'"append":'),
    *(b'"getEventBatch":', b'"ack":', b'"name":"errorMsg"'),
    *(b"\x78\x9c", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\xfe\xff\xff\xff\x0f"),
]


def fuzz(data: bytes) -> None:
    """Run one input; libFuzzer calls this."""
    if len(data) < 2:
        return
    target, chunk_size, rest = data[0] % 7, data[1] + 1, data[2:]
    if target == EVENTS:
        read_events(rest, count=data[1])
    elif target == INFLATED:
        converse(
            PushConnection(scan_events, LIMITS, compressed=True), zlib.compress(rest, 1), chunk_size
        )
    elif target == ZLIB:
        converse(PushConnection(scan_events, LIMITS, compressed=True), rest, chunk_size)
    elif target == CALL:
        converse(
            PushConnection(scan_events, LIMITS), frame(1, handshake()) + frame(2, rest), chunk_size
        )
    elif target == PULL:
        fetch(rest, chunk_size)
    elif target == ANSWER:
        fetch(frame(1, BOTH) + frame(2, rest), chunk_size)
    else:
        converse(PushConnection(scan_events, LIMITS), rest, chunk_size)


def converse(connection: PushConnection, data: bytes, chunk_size: int) -> None:
    for start in range(0, len(data), chunk_size):
        try:
            calls = connection.receive_data(data[start : start + chunk_size])
        except ProtocolError as error:
            assert str(error).isprintable(), error
            return
        assert connection.reserved <= LIMITS.frame_bytes_max
        for call in calls:
            connection.answer(call, stored=True)
            check(call.events)


def fetch(data: bytes, chunk_size: int) -> None:
    """Read `data` as the answers to a ping, two polls, an ack and a nack."""
    connection = PullConnection(scan_events, LIMITS)
    connection.ping()
    for _ in range(2):
        connection.get_event_batch(10)
    connection.ack(b"1")
    connection.nack(b"2")
    for start in range(0, len(data), chunk_size):
        try:
            batches = connection.receive_data(data[start : start + chunk_size])
        except ProtocolError as error:
            assert str(error).isprintable(), error
            return
        for batch in batches:
            if batch:
                assert not (batch.error and batch.events)
                check(batch.events)


def check(events: EventColumns | None) -> None:
    if events is not None:
        decoded = list(decode_events(bytes(events.data)))
        assert len(decoded) == events.count <= LIMITS.batch_events_max


def read_events(data: bytes, count: int) -> None:
    """Check that the fast and the plain reader agree on what is corrupt, and on every event."""
    try:
        decoded = list(decode_events(data))
    except EventCorrupt:
        decoded = None
    try:
        columns = scan_events(data, count)
    except EventCorrupt:
        assert decoded is None or len(decoded) != count
        return
    assert decoded is not None
    offsets = columns.header_offsets.tolist()
    assert decoded == [
        (
            {
                text(data[columns.key_starts[j] : columns.key_ends[j]]): text(
                    data[columns.value_starts[j] : columns.value_ends[j]]
                )
                for j in range(offsets[i], offsets[i + 1])
            },
            data[columns.body_starts[i] : columns.ends[i]],
        )
        for i in range(count)
    ]


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def seeds() -> list[bytes]:
    """Return inputs that get far from the start: each kind of frame of a client."""
    headers = [
        encode_event({"file": "a.log", "offset": f"{i}", "end": f"{i + 1}"}, b"x") for i in (1, 2)
    ]
    # Enough events for the bulk reader; events without headers begin with NUL.
    many = [headers * 40, lines("a", "bc", "\0", "\0\0") * 20]
    batches = [
        *(append_batch(events) for events in many),
        append(lines("a")[0]),
        append_batch(lines("a", "bc")),
        append_batch(headers),
        append_batch(lines("a"), headers, sized=True),
        append_batch(),
    ]
    other = handshake(bytes(16), text=OTHER_TEXT)
    streams = [frame(1, handshake() + batch) + frame(2, batch, buffers=2) for batch in batches]
    streams.append(frame(1, handshake(bytes(16))) + frame(2, other + batches[0]))
    answers = [
        *(event_batch(events) for events in (headers, *many)),
        event_batch(lines("a"), headers, sized=True),
        event_batch(error="Take list full"),
        b"\0\1\0\4no",
    ]
    polled = b"".join(frame(i, answer) for i, answer in enumerate([*answers[:2], DONE], 2))
    return [
        *(bytes([ANSWER, 60]) + answer for answer in answers),
        bytes([PULL, 60]) + frame(1, BOTH) + polled,
        bytes([PULL, 60]) + frame(1, OTHER_PROTOCOL) + polled,
        *(bytes([target, 60]) + s for s in streams for target in (PLAIN, INFLATED)),
        *(bytes([ZLIB, 60]) + zlib.compress(s) for s in streams),
        *(bytes([CALL, 60]) + batch for batch in batches),
        *(bytes([EVENTS, len(events)]) + b"".join(events) for events in (headers, *many)),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus, dictionary = Path(folder) / "corpus", Path(folder) / "dictionary"
        corpus.mkdir()
        for number, seed in enumerate(seeds()):
            (corpus / f"{number}").write_bytes(seed)
        words = ("".join(f"\\x{byte:02x}" for byte in word) for word in DICTIONARY)
        dictionary.write_text("".join(f'"{word}"\n' for word in words))
        options = ["-max_len=4096", f"-dict={dictionary}"]
        atheris.Setup([*sys.argv[:1], *options, *sys.argv[1:], str(corpus)], fuzz)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
