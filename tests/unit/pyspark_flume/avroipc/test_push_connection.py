"""A connection of Flume's avro sink and of other clients, with literal bytes and no socket."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark_flume.avroipc.handshake import PROTOCOL_HASH, PROTOCOL_TEXT
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.push_connection import PushConnection
from pyspark_flume.errors import FlumeError, ProtocolError
from pyspark_flume.events.event_positions import EventColumns, scan_events
from pyspark_flume.events.record import decode_events, encode_event

from tests.support.avro_client import (
    BOTH,
    FAILED,
    FLUME_1_11,
    OK,
    OTHER_TEXT,
    append,
    append_batch,
    avro_long,
    avro_string,
    frame,
    handshake,
    lines,
)
from tests.support.wire import (
    BATCHES,
    EMPTY,
    HI,
    IN_BLOCKS,
    LYING_BLOCKS,
    LYING_METADATA,
    X,
    cut,
    hexed,
    items,
)

MIB = 1024 * 1024
CLIENT, NONE = b"\2", b"\4"
SERVER = b"\2" + avro_string(PROTOCOL_TEXT) + b"\2" + PROTOCOL_HASH + b"\0"
UNKNOWN = bytes(range(16))

# How a call begins.
APPEND = "00 0c 617070656e64"
APPEND_BATCH = "00 16 617070656e644261746368"


def connected(limits: Limits | None = None) -> PushConnection[EventColumns]:
    connection = PushConnection(scan_events, limits or Limits())
    [call] = connection.receive_data(frame(1, handshake()))
    assert connection.answer(call, stored=True) == frame(1, BOTH)
    return connection


def read(connection: PushConnection[EventColumns], payload: bytes) -> tuple[bytes | None, bytes]:
    """The events' bytes of a call and its answer's payload when they are stored."""
    [call] = connection.receive_data(frame(2, payload))
    answer = connection.answer(call, stored=True)
    assert answer[:8] == hexed("00000002 00000001")
    return items(call), answer[12:]


# --- calls --------------------------------------------------------------------------------------


def test_flume_1_11_is_known_by_its_hash_and_its_call_is_answered_with_the_handshake() -> None:
    connection = PushConnection(scan_events)
    wire = (
        "00000001 00000001 0000002e"
        "86aadae2c45474c0fe93ffd0f2350a65 00 86aadae2c45474c0fe93ffd0f2350a65 00" + APPEND + HI
    )

    [call] = connection.receive_data(hexed(wire))

    assert (call.serial, items(call)) == (1, hexed(HI))
    answer = connection.answer(call, stored=True)
    assert answer == hexed("00000001 00000001 00000007 00000000 000000")


def test_only_the_first_call_carries_a_handshake() -> None:
    connection = connected()

    assert read(connection, hexed(APPEND + EMPTY)) == (hexed(EMPTY), OK)


def test_events_that_are_not_stored_are_answered_failed() -> None:
    connection = PushConnection(scan_events)

    [first] = connection.receive_data(frame(1, handshake() + append(*lines("a"))))
    assert connection.answer(first, stored=False) == frame(1, BOTH + FAILED)
    [second] = connection.receive_data(frame(2, append(*lines("a"))))
    assert connection.answer(second, stored=False) == frame(2, FAILED)


def test_a_batch_is_its_events_in_order_as_they_were_sent() -> None:
    [call] = connected().receive_data(frame(2, hexed(APPEND_BATCH + "06" + HI + EMPTY + X + "00")))

    assert items(call) == hexed(HI + EMPTY + X)
    assert call.events is not None
    assert call.events.count == 3


@pytest.mark.parametrize("blocks", IN_BLOCKS)
def test_a_batch_may_come_in_several_blocks_and_in_sized_ones(blocks: str) -> None:
    events, answer = read(connected(), hexed(APPEND_BATCH + blocks))

    assert events == hexed(HI + HI + EMPTY + X)
    assert answer == OK


def test_an_empty_batch_has_nothing_to_store_and_is_answered_ok() -> None:
    assert read(connected(), hexed(APPEND_BATCH + "00")) == (None, OK)


def test_a_calls_metadata_is_passed_over() -> None:
    payload = hexed("02 0261 0262 00" + "0c 617070656e64" + HI)

    assert read(connected(), payload) == (hexed(HI), OK)


def test_a_ping_has_no_events_and_no_status() -> None:
    assert read(PushConnection(scan_events), handshake() + b"\0\0") == (None, BOTH)
    assert read(connected(), b"\0\0") == (None, b"")


def test_an_unknown_call_is_answered_by_an_error_and_the_connection_goes_on() -> None:
    connection = connected()

    events, answer = read(connection, hexed("00 0a 610dc2a062"))  # "a\r\u00a0b"

    message = "unknown message 'a??b', expected append or appendBatch"
    assert (events, answer) == (None, hexed("00 01 00") + avro_string(message))
    assert read(connection, append(*lines("a"))) == (*lines("a"), OK)


def test_calls_may_be_sent_ahead_of_the_answers() -> None:
    stream = b"".join(frame(serial, append(*lines(f"{serial}"))) for serial in (5, 3, 2**32 - 1))

    calls = connected().receive_data(stream)

    assert [(call.serial, items(call)) for call in calls] == [
        (serial, *lines(f"{serial}")) for serial in (5, 3, 2**32 - 1)
    ]


def test_a_calls_events_outlive_the_chunk_that_they_arrived_in() -> None:
    chunk = bytearray(frame(2, append_batch(lines("a", "b"))))
    [call] = connected().receive_data(memoryview(chunk))

    chunk[:] = bytes(len(chunk))

    assert items(call) == b"".join(lines("a", "b"))


# --- the handshake ------------------------------------------------------------------------------


def test_a_client_that_is_not_known_is_asked_for_its_protocol_and_sends_its_call_again() -> None:
    connection, call = PushConnection(scan_events), append(*lines("a"))

    assert read(connection, handshake(UNKNOWN, UNKNOWN) + call) == (None, NONE + SERVER)
    again = handshake(UNKNOWN, PROTOCOL_HASH, OTHER_TEXT) + call
    assert read(connection, again) == (*lines("a"), BOTH + OK)
    assert read(connection, call) == (*lines("a"), OK)


def test_a_client_that_knows_another_protocol_is_sent_this_servers() -> None:
    first = handshake(UNKNOWN, b"?" * 16, OTHER_TEXT) + append(*lines("a"))

    assert read(PushConnection(scan_events), first) == (*lines("a"), CLIENT + SERVER + OK)


def test_a_handshakes_metadata_is_passed_over() -> None:
    first = FLUME_1_11 + b"\0" + FLUME_1_11 + hexed("02 02 0261 0262 00") + append(*lines("a"))

    assert read(PushConnection(scan_events), first) == (*lines("a"), BOTH + OK)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"type":"bytes"', '"type":{"type":"bytes"}'),
        ('"values":"string"', '"values":{"type":"string","avro.java.string":"String"}'),
        ('"items":"AvroFlumeEvent"', '"items":"org.apache.flume.source.avro.AvroFlumeEvent"'),
        ('"protocol":"AvroSourceProtocol"', '"protocol":"AvroSource"'),
        ('"append":', '"other":'),  # half of Flume's calls
    ],
)
def test_a_protocol_of_the_same_layout_is_flumes(old: str, new: str) -> None:
    first = handshake(UNKNOWN, text=changed(old, new)) + append_batch(lines("a"))

    assert read(PushConnection(scan_events), first) == (*lines("a"), BOTH + OK)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"type":"bytes"', '"type":"string"'),
        ('"type":"bytes"', '"type":["null","bytes"]'),
        ('"values":"string"', '"values":"bytes"'),
        ('{"type":"map","values":"string"}', '{"type":"array","items":"string"}'),
        ('["OK","FAILED"', '["FAILED","OK"'),
        ('{"name":"body"', '{"name":"n","type":"long"},{"name":"body"'),
        ('"name":"body"', '"name":"payload"'),
        ('{"type":"array","items":"AvroFlumeEvent"}', '"AvroFlumeEvent"'),
        ('"request":[', '"request":[{"name":"n","type":"long"},'),
        ('"response":"Status"', '"response":"null"'),
        ('"response":"Status"', '"response":["Status"]'),
    ],
)
def test_a_protocol_of_another_layout_is_refused(old: str, new: str) -> None:
    with pytest.raises(ProtocolError, match=r"client's AvroSourceProtocol.append\w* differs from"):
        PushConnection(scan_events).receive_data(
            frame(1, handshake(UNKNOWN, text=changed(old, new)))
        )


NESTED = '{"type":"array","items":'


@pytest.mark.parametrize(
    "text",
    [
        *("x", "{", "[]", "{}", "null", "5", '"x"', "\0", "1" * 10_000, "[" * 60_000),
        '{"protocol":5}',
        '{"protocol":"P","messages":[]}',
        '{"protocol":"P","messages":{"append":5}}',
        '{"protocol":"P","messages":{"append":{}}}',
        '{"protocol":"P","messages":{"append":{"request":5}}}',
        '{"protocol":"P","messages":{"append":{"request":[5]}}}',
        '{"protocol":"P","messages":{"append":{"request":[{"type":"X"}],"response":5}}}',
        '{"protocol":"P","types":[{"type":"record","name":[]}],"messages":{}}',
        '{"protocol":"P","types":[' + NESTED * 900 + '"int"' + "}" * 900 + '],"messages":{}}',
        '{"protocol":"Mail\\n","messages":{"send":{}}}',
    ],
    ids=lambda text: text[:60],
)
def test_a_text_that_is_not_a_protocol_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        PushConnection(scan_events).receive_data(frame(1, handshake(UNKNOWN, text=text)))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 250


def test_a_protocols_text_over_the_limit_is_not_parsed() -> None:
    with pytest.raises(ProtocolError, match="protocol has 65,537 bytes, the limit is 65,536"):
        PushConnection(scan_events).receive_data(frame(1, handshake(UNKNOWN, text="[" * 65_537)))


def test_a_protocols_text_may_fill_the_limit() -> None:
    first = handshake(UNKNOWN, text=OTHER_TEXT.ljust(65_536)) + append(*lines("a"))

    assert read(PushConnection(scan_events), first) == (*lines("a"), BOTH + OK)


def changed(old: str, new: str) -> str:
    assert old in OTHER_TEXT
    return OTHER_TEXT.replace(old, new)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("first", [True, False], ids=["handshake", "call"])
def test_a_call_that_is_cut_anywhere_is_refused(first: bool) -> None:
    opening = handshake(UNKNOWN, text=OTHER_TEXT)[:-1] + hexed("02 02 0261 0262 00")
    call = hexed(APPEND_BATCH + "06" + HI + EMPTY + X + "00")
    whole = opening if first else call

    for length in range(len(whole)):
        connection = PushConnection(scan_events) if first else connected()
        with pytest.raises(ProtocolError):
            connection.receive_data(frame(2, whole[:length]))


@pytest.mark.parametrize("call", [APPEND + HI, APPEND_BATCH + "02" + HI + "00"])
def test_bytes_after_a_call_are_refused(call: str) -> None:
    for more in ("00", "01", "0000"):
        with pytest.raises(ProtocolError, match="call 2 is damaged: "):
            connected().receive_data(frame(2, hexed(call + more)))


@pytest.mark.parametrize(
    "call",
    [
        *(APPEND_BATCH + blocks for blocks in LYING_BLOCKS),
        APPEND + "7e 0261 0262 00 00",  # 63 headers
        APPEND + "00 06 6869",  # a body of 3 bytes, 2 there
        "00 " + "80" * 1000,  # a number that does not end
        LYING_METADATA,
    ],
)
def test_a_count_or_a_length_that_lies_is_refused(call: str) -> None:
    with pytest.raises(ProtocolError, match="call 2 is damaged: "):
        connected().receive_data(frame(2, hexed(call)))


def test_a_batch_over_the_limit_is_refused_in_one_block_or_more() -> None:
    limits, event = Limits(batch_events_max=3), hexed("0000")

    assert read(connected(limits), append_batch([event] * 3)) == (event * 3, OK)
    for blocks in ([[event] * 4], [[event] * 3, [event]]):
        for sized in (False, True):
            with pytest.raises(ProtocolError, match="batch of at least 4 events, the limit is 3"):
                connected(limits).receive_data(frame(2, append_batch(*blocks, sized=sized)))


def test_reading_value_by_value_is_limited() -> None:
    limits = Limits(split_batch_bytes_max=100, head_bytes_max=64)
    metadata = avro_long(40) + bytes(80) + b"\0"
    whole, half = lines("a" * 120), lines("a" * 60)

    assert read(connected(limits), append_batch(whole)) == (whole[0], OK)
    for batch, reason in (
        (append_batch(half, half), "bytes too many"),
        (append_batch(half, half, sized=True), "bytes in several blocks, the limit is 100"),
        (metadata + append(*half)[1:], "ends within a number"),
    ):
        with pytest.raises(ProtocolError, match=reason):
            connected(limits).receive_data(frame(2, batch))
    with pytest.raises(ProtocolError, match="not an Avro handshake: ends within a number"):
        PushConnection(scan_events, limits).receive_data(
            frame(1, handshake()[:-1] + b"\2" + metadata)
        )


def test_metadata_may_fill_the_limit_and_no_more() -> None:
    limits, event = Limits(head_bytes_max=64), lines("a" * 100)
    fills, over = (hexed("02 0261") + avro_string("b" * size) + b"\0" for size in (59, 60))
    assert (len(fills), len(over)) == (64, 65)

    greeting, call = handshake()[:-1] + b"\2", append(*event)
    assert read(PushConnection(scan_events, limits), greeting + fills + call) == (*event, BOTH + OK)
    assert read(connected(limits), fills + call[1:]) == (*event, OK)
    with pytest.raises(ProtocolError, match="not an Avro handshake: ends within a number"):
        read(PushConnection(scan_events, limits), greeting + over + call)
    with pytest.raises(ProtocolError, match="call 2 is damaged: ends within a number"):
        read(connected(limits), over + call[1:])


CLIENT_HELLO = hexed("16030102000100 01fc0303" + "5a" * 64)  # how TLS begins
CALL = frame(1, handshake() + append(*lines("a")))


@pytest.mark.parametrize(
    ("sent", "compressed", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", False, "frame of 790,644,820 buffers.*only Flume's avro sink"),
        (CLIENT_HELLO, False, "if the sink has ssl = true, set it to false"),
        (CLIENT_HELLO, True, "if the sink has ssl = true, set it to false"),
        (zlib.compress(CALL), False, "compression-type = deflate, turn compression on here"),
        (CALL, True, "not zlib.*set compression-type = deflate on the sink, or turn compression"),
        (frame(1, b"x" * 20), False, "not an Avro handshake"),
    ],
    ids=["http", "tls", "tls, compressed", "zlib", "no zlib", "no handshake"],
)
def test_a_client_with_other_settings_is_told_what_to_set(
    sent: bytes, compressed: bool, reason: str
) -> None:
    with pytest.raises(ProtocolError, match=reason):
        PushConnection(scan_events, compressed=compressed).receive_data(sent)
    connection = PushConnection(scan_events, compressed=compressed)
    with pytest.raises(ProtocolError, match=reason):
        for byte in sent:
            connection.receive_data(bytes([byte]))


def test_a_client_that_has_called_before_gets_no_such_hints() -> None:
    for connection, data in (
        (connected(), b"GET / HTTP/1.1\r\n\r\n"),
        (PushConnection(scan_events), CALL + b"GET / HTTP/1.1\r\n\r\n"),
    ):
        with pytest.raises(ProtocolError) as raised:
            connection.receive_data(data)
        assert "only Flume's" not in str(raised.value)


# --- compression --------------------------------------------------------------------------------


def test_a_compressed_stream_is_compressed_both_ways_and_each_answer_comes_at_once() -> None:
    connection = PushConnection(scan_events, compressed=True)
    compress, decompress = zlib.compressobj(), zlib.decompressobj()
    for serial, payload in enumerate([handshake(), append(*lines("a")), append_batch(lines("b"))]):
        data = compress.compress(frame(serial, payload)) + compress.flush(zlib.Z_SYNC_FLUSH)
        [call] = connection.receive_data(data)
        answer = decompress.decompress(connection.answer(call, stored=True))
        assert answer == frame(serial, OK if serial else BOTH)


def test_a_compressed_chunk_may_have_one_whole_frame_and_no_more() -> None:
    limits = Limits(frame_bytes_max=64, frame_buffers_max=4)
    opening = handshake() + append(b"")
    body = bytes(64 - len(opening) - 2)
    whole = frame(1, opening + encode_event({}, body), buffers=4)
    assert len(whole) == 8 + 4 * 4 + 64

    [call] = PushConnection(scan_events, limits, True).receive_data(zlib.compress(whole))
    assert items(call) == encode_event({}, body)
    with pytest.raises(ProtocolError, match="bytes that inflate to more than 88; lower the sink"):
        PushConnection(scan_events, limits, True).receive_data(zlib.compress(whole + b"\0"))


def test_a_compression_bomb_is_refused_and_takes_no_more_than_the_limit() -> None:
    limits = Limits(frame_bytes_max=4 * MIB, chunk_calls_max=1000)
    whole_frame = frame(1, b"\0" * 4 * MIB)
    bombs = [
        zlib.compress(CALL + frame(2, b"\0\0") * 400_000),  # pings
        zlib.compress(CALL + frame(2, append(*lines(""))) * 200_000),
        zlib.compress(CALL + b"\0\0\0\2\0\0\0\1\0\x40\0\0" + bytes(64 * MIB)),
        zlib.compress(whole_frame * 16),
        zlib.compress(CALL + frame(2, append(encode_event({}, bytes(4 * MIB - 50)))) * 16),
    ]
    for bomb in bombs:
        assert len(bomb) < MIB / 8
        tracemalloc.start()
        try:
            with pytest.raises(ProtocolError):
                PushConnection(scan_events, limits, compressed=True).receive_data(bomb)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 4 * limits.frame_bytes_max


# --- any stream ---------------------------------------------------------------------------------


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[list[tuple[dict[str, str], bytes]]]]:
    """A client's bytes, and the events of each of its calls."""
    stream, calls = b"", []
    for serial in range(draw(st.integers(1, 4))):
        sent = draw(BATCHES)
        blocks = [[encode_event(*event) for event in block] for block in sent]
        payload = append_batch(*blocks, sized=draw(st.booleans()))
        text = draw(st.sampled_from(["", OTHER_TEXT]))
        opening = handshake(UNKNOWN if text else FLUME_1_11, text=text) if serial == 0 else b""
        stream += frame(serial, opening + payload, buffers=draw(st.integers(1, 5)))
        calls.append([event for block in sent for event in block])
    if draw(st.booleans()):
        compress = zlib.compressobj()
        stream = compress.compress(stream) + compress.flush(zlib.Z_SYNC_FLUSH)
    return stream, calls


def is_zlib(stream: bytes) -> bool:
    return stream[:1] == b"\x78"


@settings(deadline=None)
@given(streams(), st.lists(st.integers(0), max_size=8))
def test_any_split_of_a_stream_gives_the_same_calls(
    sent: tuple[bytes, list[list[tuple[dict[str, str], bytes]]]], places: list[int]
) -> None:
    stream, expected = sent
    connection = PushConnection(scan_events, compressed=is_zlib(stream))

    calls = [call for part in cut(stream, places) for call in connection.receive_data(part)]

    assert [list(decode_events(items(call) or b"")) for call in calls] == expected
    assert [call.serial for call in calls] == list(range(len(expected)))
    assert not connection.in_frame
    assert connection.reserved == 0


@settings(deadline=None, max_examples=300)
@given(streams(), st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=4))
def test_any_damage_to_a_stream_gives_calls_or_a_flume_error_of_one_line(
    sent: tuple[bytes, list[list[tuple[dict[str, str], bytes]]]], damage: list[tuple[int, int]]
) -> None:
    stream = bytearray(sent[0])
    for place, change in damage:
        stream[place % len(stream)] ^= change
    connection = PushConnection(
        scan_events, Limits(frame_bytes_max=MIB), compressed=is_zlib(sent[0])
    )
    try:
        for call in connection.receive_data(stream):
            connection.answer(call, stored=True)
    except FlumeError as error:
        assert str(error).isprintable()
    assert connection.reserved <= MIB
