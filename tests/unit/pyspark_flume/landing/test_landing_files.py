"""The bytes of a landing log, literally and as read by another program."""

import json
from pathlib import Path
from uuid import UUID

import fastavro
import pytest
from pyspark_flume.avro_binary import encode_bytes
from pyspark_flume.landing import avro_container, index

from tests.support.landing import batch, lines, opened, segment_paths, write

ID = UUID("00112233-4455-6677-8899-aabbccddeeff")


def text(value: str) -> bytes:
    """An Avro string of up to 8191 bytes."""
    size = 2 * len(value)
    return (
        bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    ) + value.encode()


def test_a_header_is_these_bytes() -> None:
    expected = (
        b"Obj\x01\x0a"
        + (b"\x16avro.schema" + text(avro_container.EVENT_SCHEMA_TEXT))
        + (b"\x14avro.codec\x08null")
        + (b"\x1aflume.landing\x021")
        + (b"\x16flume.first\x0442")
        + (b'\x14flume.seen\x18{"a":[0,10]}')
        + (b"\0" + ID.bytes)
    )

    assert avro_container.encode_header(42, '{"a":[0,10]}', ID) == expected
    header = avro_container.decode_header(expected + b"more")
    assert header == avro_container.Header(42, '{"a":[0,10]}', ID.bytes, len(expected))


def test_an_index_entry_is_these_bytes() -> None:
    entry = index.Entry(events=3, position=300, arrival_ms=1_700_000_000_000, length=40, crc=0xABCD)

    assert entry.encode().hex(" ", -8) == (
        "0000000000000003 000000000000012c 0000018bcfe56800 000000280000abcd 4d57c79c"
    )


def test_a_block_is_count_length_items_marker(folder: Path) -> None:
    write(folder, [batch(0, 3)])

    sync = UUID(json.loads((folder / "landing.json").read_text())["id"]).bytes
    data = segment_paths(folder)[0].read_bytes()
    items = b"\0\x1eaccess.log 0 10" + b"\0\x20access.log 10 20" + b"\0\x20access.log 20 30"
    assert data.endswith(sync + b"\x06" + b"\x6a" + items + sync)


HEADER = avro_container.encode_header(0, "{}", ID)


def test_a_header_cut_anywhere_is_malformed() -> None:
    for length in range(len(HEADER)):
        with pytest.raises(avro_container.SegmentMalformed):
            avro_container.decode_header(HEADER[:length])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"Obj\x01", b"Obj\x02", "not an Avro container file"),
        (b"Obj\x01", b"Obj\0", "not an Avro container file"),
        (b"flume.landing\x021", b"flume.landing\x022", "not a segment of a landing log"),
        (b"flume.landing", b"flume.lending", "not a segment of a landing log"),
        (b"flume.first\x020", b"flume.first\x02x", "not a segment of a landing log"),
        (b"flume.first", b"flume.fjrst", "not a segment of a landing log"),
        (b"flume.seen", b"flume.sewn", "not a segment of a landing log"),
        (b"{}\0", b"{}\2", "metadata without an end"),  # another block of metadata
        (b"\x14avro.codec", b"\x13avro.codec", "metadata without an end: length of -10 bytes"),
    ],
)
def test_a_header_of_something_else_is_malformed(old: bytes, new: bytes, reason: str) -> None:
    assert HEADER.count(old) == 1
    with pytest.raises(avro_container.SegmentMalformed, match=reason):
        avro_container.decode_header(HEADER.replace(old, new))


def test_the_smallest_block_ends_with_the_bytes() -> None:
    block = b"\4\x08" + bytes(4) + ID.bytes  # two events of two bytes

    assert avro_container.block_at(b"before" + block, 6, ID.bytes) == (2, 8, 28)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"\0\0" + ID.bytes, "a block of 0 events in 0 bytes at byte 0"),
        (b"\0\x08" + bytes(4) + ID.bytes, "a block of 0 events in 4 bytes"),
        (b"\1\x08" + bytes(4) + ID.bytes, "a block of -1 events in 4 bytes"),
        (b"\4\6" + bytes(3) + ID.bytes, "a block of 2 events in 3 bytes"),
        (b"\2\1" + bytes(2) + ID.bytes, "a block of 1 events in -1 bytes"),
        (b"\2\4" + bytes(2) + ID.bytes[:-1], "a block of 1 events in 2 bytes"),
        (b"\2\4" + bytes(2) + bytes(16), "no sync marker after the block at byte 0"),
        (b"\2\x80", "a number without an end in the block at byte 0"),
    ],
)
def test_a_block_whose_numbers_make_no_sense_is_malformed(block: bytes, reason: str) -> None:
    with pytest.raises(avro_container.SegmentMalformed, match=reason):
        avro_container.block_at(block, 0, ID.bytes)


def test_any_avro_tool_reads_a_segment(folder: Path) -> None:
    write(folder, [batch(0, 3), batch(30, 2)])

    with segment_paths(folder)[0].open("rb") as file:
        reader = fastavro.reader(file)
        events = list(reader)
    assert [event["body"] for event in events] == lines(0, 5)
    assert all(event["headers"] == {} for event in events)
    assert reader.metadata["flume.first"] == "0"


def test_a_large_batch_with_bytes_outside_ascii_is_read_back(folder: Path) -> None:
    body = bytes(range(256)) * 40_000
    items = b"\x02\x02a\x06\xe2\x82\xac\0" + encode_bytes(body)
    with opened(folder) as writer:
        writer.append(memoryview(bytearray(items)), 1, [])
        writer.commit()

    with segment_paths(folder)[0].open("rb") as file:
        assert list(fastavro.reader(file)) == [{"headers": {"a": "€"}, "body": body}]
