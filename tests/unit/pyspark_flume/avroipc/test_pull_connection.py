"""Fetching from a SparkSink as Spark does, with literal bytes and no socket."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark_flume.avroipc.handshake import PROTOCOL_TEXT as AVRO_SOURCE_TEXT
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.pull_connection import PROTOCOL_TEXT, EventBatch, PullConnection
from pyspark_flume.errors import FlumeError, ProtocolError
from pyspark_flume.events.event_positions import EventColumns, scan_events
from pyspark_flume.events.record import decode_events, encode_event

from tests.support.avro_client import BOTH, DONE, FRAME, avro_string, frame, lines
from tests.support.spark_sink import OTHER_PROTOCOL, OTHER_TEXT, event_batch, handshake_answer
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

HASH = hashlib.md5(PROTOCOL_TEXT.encode(), usedforsecurity=False).digest()
# No metadata, no error; no message, sequence number 7.
OPENED = "00 00  00 02 37"


def connected(limits: Limits | None = None) -> PullConnection[EventColumns]:
    """A connection whose ping has been answered; the next call has the serial 2."""
    connection = PullConnection(scan_events, limits or Limits())
    connection.ping()
    assert connection.receive_data(frame(1, BOTH)) == [None]
    return connection


def read(payload: bytes, limits: Limits | None = None) -> EventBatch[EventColumns]:
    """Read an agent's answer to getEventBatch."""
    connection = connected(limits)
    connection.get_event_batch(1000)
    [batch] = connection.receive_data(frame(2, payload))
    assert batch
    return batch


# --- calls --------------------------------------------------------------------------------------


def test_calls_are_these_bytes() -> None:
    connection = connected()

    assert connection.get_event_batch(1000) == hexed(
        "00000002 00000001 00000011  00 1a 6765744576656e744261746368 d00f"
    )
    assert connection.ack(b"ab") == hexed("00000003 00000001 00000008  00 06 61636b 04 6162")
    assert connection.nack(b"ab") == hexed("00000004 00000001 00000009  00 08 6e61636b 04 6162")


def test_the_first_call_carries_the_handshake_with_the_protocols_text() -> None:
    handshake = HASH + b"\2" + avro_string(PROTOCOL_TEXT) + HASH + b"\0"

    assert PullConnection(scan_events).ping() == frame(1, handshake + hexed("00 00"))
    poll = hexed("00 1a 6765744576656e744261746368 02")
    assert PullConnection(scan_events).get_event_batch(1) == frame(1, handshake + poll)


def test_an_event_batch_is_its_number_and_its_events_as_they_were_sent() -> None:
    batch = read(hexed(OPENED + "06" + HI + EMPTY + X + "00"))

    assert (batch.error, batch.sequence_number) == ("", b"7")
    assert items(batch) == hexed(HI + EMPTY + X)
    assert batch.events
    assert batch.events.count == 3


@pytest.mark.parametrize("blocks", IN_BLOCKS)
def test_a_batch_may_come_in_several_blocks_and_in_sized_ones(blocks: str) -> None:
    assert items(read(hexed(OPENED + blocks))) == hexed(HI + HI + EMPTY + X)


def test_a_batch_without_events_still_has_a_number() -> None:
    assert read(hexed(OPENED + "00")) == EventBatch("", b"7", None)


def test_an_error_batch_has_its_message_in_one_line() -> None:
    assert read(hexed("00 00  0a 610dc2a062  00  00")) == EventBatch("a??b", b"", None)
    assert len(read(event_batch(error="x" * 5000)).error) == 201


def test_a_number_goes_back_as_it_came() -> None:
    number = b"\xff-1"

    assert read(event_batch(lines("a"), number=number)).sequence_number == number
    assert connected().ack(number).endswith(avro_string(number))


def test_the_answers_to_ack_and_nack_have_no_result() -> None:
    connection = connected()
    connection.ack(b"1")
    connection.nack(b"2")

    assert connection.receive_data(frame(2, DONE) + frame(3, DONE)) == [None, None]


def test_an_answers_metadata_is_passed_over() -> None:
    assert items(read(hexed("02 0261 0262 00 00  00 02 37  02" + HI + "00"))) == hexed(HI)


def test_answers_may_come_in_another_order_than_the_calls() -> None:
    connection = connected()
    connection.ack(b"1")
    connection.get_event_batch(1)

    stream = frame(3, event_batch(lines("a"))) + frame(2, DONE)

    first, second = connection.receive_data(stream)
    assert (items(first), second) == (lines("a")[0], None)


def test_in_frame_is_true_while_a_part_of_an_answer_has_arrived() -> None:
    connection = connected()
    connection.get_event_batch(1)
    answer = frame(2, event_batch(lines("a")))

    assert not connection.in_frame
    assert connection.receive_data(answer[:-1]) == []
    assert connection.in_frame
    assert len(connection.receive_data(answer[-1:])) == 1
    assert not connection.in_frame


# --- the handshake ------------------------------------------------------------------------------


def test_an_agent_with_another_text_of_the_same_protocol_is_fetched_from() -> None:
    connection = PullConnection(scan_events)
    connection.get_event_batch(1)

    answer = OTHER_PROTOCOL + event_batch(lines("a"))

    [batch] = connection.receive_data(frame(1, answer))
    assert items(batch) == lines("a")[0]


def test_an_agent_that_does_not_accept_the_protocol_is_refused() -> None:
    with pytest.raises(ProtocolError, match="agent does not accept SparkFlumeProtocol, match 2"):
        greet(handshake_answer(b"\4", OTHER_TEXT))
    with pytest.raises(ProtocolError, match="match 1 without the server's protocol"):
        greet(b"\2\0\0\0")
    with pytest.raises(ProtocolError, match="match -1 without the server's protocol"):
        greet(b"\1\0\0\0")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"type":"bytes"', '"type":"string"'),
        ('{"type":"map","values":"string"}', '{"type":"map","values":"bytes"}'),
        ('{"name":"sequenceNumber","type":"string"},', ""),
        ('{"name":"n","type":"int"}', '{"name":"n","type":"long"}'),
        ('"response":"EventBatch"', '"response":["null","EventBatch"]'),
        ('"response":"null"', '"response":"string"'),
    ],
)
def test_a_protocol_of_another_layout_is_refused(old: str, new: str) -> None:
    assert old in OTHER_TEXT
    with pytest.raises(ProtocolError, match=r"agent's SparkFlumeProtocol\.\w+ differs from Spark"):
        greet(handshake_answer(b"\2", OTHER_TEXT.replace(old, new)))


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "frame of 791,752,241 buffers"),
        (frame(1, b""), "not an Avro handshake: ends within a number"),
        (frame(1, b"\0\4"), "not an Avro handshake: union branch 2"),
        (frame(1, handshake_answer(b"\2", AVRO_SOURCE_TEXT)), "the agent speaks AvroSourceProtoc"),
        (frame(1, handshake_answer(b"\2", "{")), "the agent's protocol is not valid"),
        (frame(1, handshake_answer(b"\2", " " * 65_537)), "65,537 bytes, the limit is 65,536"),
        (frame(2, BOTH), "answer 2 belongs to no call"),
    ],
    ids=["http", "empty", "no union", "an avro source", "no protocol", "a long one", "serial"],
)
def test_a_peer_that_is_not_a_spark_sink_is_recognised(sent: bytes, reason: str) -> None:
    connection = PullConnection(scan_events)
    connection.ping()
    with pytest.raises(ProtocolError, match=f"{reason}.*; option agents has to name a SparkSink's"):
        connection.receive_data(sent)


def greet(answer: bytes, limits: Limits | None = None) -> None:
    connection = PullConnection(scan_events, limits or Limits())
    connection.ping()
    connection.receive_data(frame(1, answer))


# --- what is refused ----------------------------------------------------------------------------


def test_a_call_that_fails_at_the_agent_says_why() -> None:
    for name in ("get_event_batch", "ack", "nack"):
        connection = connected()
        getattr(connection, name)(5 if name == "get_event_batch" else b"1")
        with pytest.raises(ProtocolError, match=r"\w+ failed at the agent: no\?channel$"):
            connection.receive_data(frame(2, b"\0\1\0" + avro_string("no\nchannel")))


def test_an_answer_that_is_cut_anywhere_is_refused() -> None:
    answers = [
        hexed("02 0261 0262 00 00  00 02 37  06" + HI + EMPTY + X + "00"),
        b"\0\1\0" + avro_string("an error"),
    ]
    for whole in answers:
        for length in range(len(whole)):
            with pytest.raises(ProtocolError):
                read(whole[:length])
    for length in range(len(OTHER_PROTOCOL)):
        with pytest.raises(ProtocolError):
            greet(OTHER_PROTOCOL[:length])


@pytest.mark.parametrize(
    "payload",
    [
        *(OPENED + blocks for blocks in LYING_BLOCKS),
        OPENED + "02" + HI + "00 00",  # a byte too many
        "00 00  00 7e 37  00",  # a number of 63 bytes
        "00 00  01  02 37  00",  # a message of -1 bytes
        "00 02" + OPENED,  # neither an error nor a result
        "00 01 02" + "0261",  # an error that the protocol does not have
        LYING_METADATA,
    ],
)
def test_a_count_or_a_length_that_lies_is_refused(payload: str) -> None:
    with pytest.raises(ProtocolError, match="answer to getEventBatch is damaged: "):
        read(hexed(payload))


def test_bytes_after_an_answer_without_a_result_are_refused() -> None:
    connection = connected()
    connection.ack(b"1")
    with pytest.raises(ProtocolError, match="answer to ack is damaged: 1 bytes too many"):
        connection.receive_data(frame(2, DONE + b"\0"))
    with pytest.raises(ProtocolError, match="answer to ping is damaged: 1 bytes too many"):
        greet(BOTH + b"\0")


def test_an_answer_is_accepted_once() -> None:
    connection = connected()
    connection.ack(b"1")

    with pytest.raises(ProtocolError, match="answer 2 belongs to no call"):
        connection.receive_data(frame(2, DONE) * 2)


def test_what_is_over_a_limit_names_the_option_to_lower() -> None:
    with pytest.raises(ProtocolError, match=r"batch of at least 4 events.*; lower agentBatchSize"):
        read(event_batch(lines(*"abcd")), Limits(batch_events_max=3))
    with pytest.raises(ProtocolError, match=r"frame of at least 1,001 bytes.*lower agentBatchSize"):
        connected(Limits(frame_bytes_max=1000)).receive_data(FRAME.pack(2, 1) + b"\0\0\x03\xe9")


def test_metadata_may_fill_the_limit_and_no_more() -> None:
    limits, event = Limits(head_bytes_max=64), lines("a" * 100)
    fills, over = (hexed("02 0261") + avro_string("b" * size) + b"\0" for size in (59, 60))
    assert (len(fills), len(over)) == (64, 65)
    answer = event_batch(event)[1:]  # without its empty metadata

    assert items(read(fills + answer, limits)) == event[0]
    with pytest.raises(ProtocolError, match="answer to getEventBatch is damaged: ends within a n"):
        read(over + answer, limits)
    greet(BOTH[:-1] + b"\2" + fills, limits)
    with pytest.raises(ProtocolError, match="not an Avro handshake: ends within a number"):
        greet(BOTH[:-1] + b"\2" + over, limits)


# --- any stream ---------------------------------------------------------------------------------


@given(st.lists(BATCHES, max_size=4), st.booleans(), st.lists(st.integers(0), max_size=12))
def test_batches_are_the_same_in_any_split(
    sent: list[list[list[tuple[dict[str, str], bytes]]]], sized: bool, places: list[int]
) -> None:
    connection, stream = PullConnection(scan_events), b""
    for serial, blocks in enumerate(sent, 1):
        connection.get_event_batch(10)
        encoded = [[encode_event(*event) for event in block] for block in blocks]
        greeting = BOTH if serial == 1 else b""
        stream += frame(serial, greeting + event_batch(*encoded, sized=sized), buffers=2)

    answers = [a for part in cut(stream, places) for a in connection.receive_data(part)]

    decoded = [list(decode_events(items(answer) or b"")) for answer in answers]
    assert decoded == [[event for block in blocks for event in block] for blocks in sent]


def test_an_answer_may_come_byte_by_byte() -> None:
    connection = PullConnection(scan_events)
    connection.get_event_batch(10)
    answer = frame(1, OTHER_PROTOCOL + event_batch(lines("a", "bc")))

    answers = [a for byte in answer for a in connection.receive_data(bytes([byte]))]

    assert [items(each) for each in answers] == [b"".join(lines("a", "bc"))]


@given(st.integers(0), st.integers(0, 255), st.booleans())
def test_a_wrong_byte_raises_nothing_but_a_flume_error(place: int, octet: int, first: bool) -> None:
    connection = PullConnection(scan_events) if first else connected()
    greeting = OTHER_PROTOCOL if first else b""
    wire = bytearray(frame(1 if first else 2, greeting + hexed(OPENED + "04" + HI + X + "00")))
    connection.get_event_batch(10)
    wire[place % len(wire)] = octet
    try:
        connection.receive_data(wire)
    except FlumeError as error:
        assert str(error).isprintable()
