"""Flume's event on the wire, against literal bytes and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark_flume.avro_binary import read_long
from pyspark_flume.errors import EventCorrupt
from pyspark_flume.events.record import decode_events, encode_event

from tests.support.wire import hexed

Event = tuple[dict[str, str], bytes]


def avro_long(value: int) -> bytes:
    """A zig-zag varint, independent of the code, so that a mistake there is seen."""
    zigzag = value * 2 if value >= 0 else -value * 2 - 1
    groups = [zigzag & 0x7F]
    while zigzag := zigzag >> 7:
        groups.append(zigzag & 0x7F)
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def avro_string(text: str) -> bytes:
    data = text.encode()
    return avro_long(len(data)) + data


# --- literal bytes ------------------------------------------------------------------------------

LITERAL: list[tuple[str, Event]] = [
    ("00 00", ({}, b"")),
    ("00 04 6869", ({}, b"hi")),
    ("02 0261 0262 00 02 78", ({"a": "b"}, b"x")),
    ("04 0261 00 00 0262 00 00", ({"a": "", "": "b"}, b"")),
    ("02 06e282ac 0cf09f9c81c3a9 00 02 ff", ({"€": "🜁é"}, b"\xff")),
    ("00 7e" + "61" * 63, ({}, b"a" * 63)),  # the longest length of one byte
    ("00 8001" + "61" * 64, ({}, b"a" * 64)),
    ("00 fe7f" + "61" * 8191, ({}, b"a" * 8191)),  # of two bytes
    ("00 808001" + "61" * 8192, ({}, b"a" * 8192)),
]


@pytest.mark.parametrize(("wire", "event"), LITERAL, ids=[wire[:20] for wire, _ in LITERAL])
def test_an_event_is_these_bytes_and_no_others(wire: str, event: Event) -> None:
    assert encode_event(*event) == hexed(wire)
    assert list(decode_events(hexed(wire))) == [event]


@pytest.mark.parametrize(
    "headers",
    [
        "02 0261 0262 02 0263 0264 00",  # in two blocks
        "03 10 0261 0262 0263 0264 00",  # in one of -2 pairs and 8 bytes
        "01 08 0261 0262 02 0263 0264 00",  # in both kinds
        "8400 0261 0262 0263 0264 00",  # a count in more bytes than it needs
    ],
)
def test_headers_may_come_in_blocks_of_either_kind(headers: str) -> None:
    wire = hexed(headers + "02 78")

    assert list(decode_events(wire)) == [({"a": "b", "c": "d"}, b"x")]


def test_events_follow_one_after_the_other() -> None:
    assert list(decode_events(hexed("00 04 6869  02 0261 0262 00 00  00 02 78"))) == [
        ({}, b"hi"),
        ({"a": "b"}, b""),
        ({}, b"x"),
    ]
    assert list(decode_events(b"")) == []


def test_a_header_that_is_not_utf8_does_not_fail_its_event() -> None:
    assert list(decode_events(hexed("02 02ff 04c328 00 02 ff"))) == [
        ({"\ufffd": "\ufffd("}, b"\xff")
    ]


@pytest.mark.parametrize(
    "wire",
    [
        "00 01",  # a body of -1 bytes
        "00 8101" + "61" * 64,  # of -65
        "00 06 6869",  # of 3 with 2 left
        "00 feffffffffffffffff01 68",  # of 2^63 - 1
        "00 ffffffffffffffffff01 68",  # of -2^63
        "02 08 61 0262 00 00",  # a key of 4 bytes with 4 left: the rest is cut off
        "02 01 0262 00 00",  # a key of -1 bytes
        "02 0261 feffffffffffffffff01 00 00",
        "feffffffffffffffff01 0261 0262 00 00",  # 2^63 - 1 pairs
        "ffffffffffffffffff01 02 0261 0262 00 00",  # -2^63
        "00 " + "80" * 100,  # a length that does not end
        "00 " + "ff" * 1000 + "7f",  # one of 7,000 bits
    ],
)
def test_a_length_or_a_count_that_lies_is_corrupt(wire: str) -> None:
    with pytest.raises(EventCorrupt):
        list(decode_events(hexed(wire)))


@pytest.mark.parametrize(
    ("wire", "value"),
    [("feffffffffffffffff01", 2**63 - 1), ("ffffffffffffffffff01", -(2**63)), ("01", -1)],
)
def test_a_number_has_64_bits(wire: str, value: int) -> None:
    assert read_long(hexed(wire), 0) == (value, len(hexed(wire)))


@pytest.mark.parametrize("wire", ["82808080808080808002", "8080808080808080807e", "80" * 11])
def test_a_number_of_more_bits_is_corrupt(wire: str) -> None:
    with pytest.raises(EventCorrupt, match="number of more than 64 bits, at byte 0"):
        read_long(hexed(wire), 0)


# --- any event ----------------------------------------------------------------------------------

headers = st.dictionaries(st.text(), st.text(), max_size=5)
events = st.tuples(headers, st.binary(max_size=300))


@given(st.lists(events, max_size=5))
def test_what_is_encoded_is_decoded_again(sent: list[Event]) -> None:
    wire = b"".join(encode_event(*event) for event in sent)

    assert list(decode_events(wire)) == sent


@given(st.integers(0, 3_000_000), st.integers(1, 255))
def test_a_body_of_any_size_is_decoded_again(size: int, fill: int) -> None:
    body = bytes([fill]) * size

    assert list(decode_events(encode_event({}, body) * 2)) == [({}, body)] * 2


@given(st.data())
def test_headers_are_the_same_in_any_layout_of_blocks(data: st.DataObject) -> None:
    expected = data.draw(headers)
    pairs = [avro_string(key) + avro_string(value) for key, value in expected.items()]
    wire = b""
    while pairs:
        count = data.draw(st.integers(1, len(pairs)))
        block, pairs = b"".join(pairs[:count]), pairs[count:]
        sized = data.draw(st.booleans())
        wire += avro_long(-count) + avro_long(len(block)) if sized else avro_long(count)
        wire += block
    body = data.draw(st.binary())
    wire += b"\0" + avro_long(len(body)) + body

    assert list(decode_events(wire)) == [(expected, body)]


@given(events, st.data())
def test_an_event_that_is_cut_anywhere_is_corrupt(event: Event, data: st.DataObject) -> None:
    wire = encode_event(*event)
    length = data.draw(st.integers(1, len(wire) - 1))

    with pytest.raises(EventCorrupt):
        list(decode_events(wire[:length]))


@given(st.binary(max_size=200))
def test_any_bytes_are_events_or_raise_corrupt(data: bytes) -> None:
    try:
        decoded = list(decode_events(data))
    except EventCorrupt:
        return
    assert sum(len(body) for _, body in decoded) <= len(data)


@given(events, st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_raises_nothing_but_corrupt(event: Event, place: int, bit: int) -> None:
    wire = bytearray(encode_event(*event))
    wire[place % len(wire)] ^= 1 << bit
    try:
        list(decode_events(bytes(wire)))
    except EventCorrupt as error:
        assert str(error)
