"""The bytes of a landing log, literally, and as another program reads them."""

import json
from pathlib import Path
from uuid import UUID

import fastavro
import pytest
from batches import batch, lines, opened, segment_paths, write
from pyspark_flume.avro_binary import encode_long
from pyspark_flume.errors import EventCorrupt
from pyspark_flume.events.columns import scan_events
from pyspark_flume.landing import container, index

ID = UUID("00112233-4455-6677-8899-aabbccddeeff")


def text(value: str) -> bytes:
    """An Avro string of 64 to 8191 bytes, or of less."""
    size = 2 * len(value)
    return (
        bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    ) + value.encode()


def test_a_header_is_these_bytes() -> None:
    expected = (
        b"Obj\x01\x0a"
        + (b"\x16avro.schema" + text(container.SCHEMA))
        + (b"\x14avro.codec\x08null")
        + (b"\x1aflume.landing\x021")
        + (b"\x16flume.first\x0442")
        + (b'\x14flume.seen\x18{"a":[0,10]}')
        + (b"\0" + ID.bytes)
    )

    assert container.encode_header(42, '{"a":[0,10]}', ID) == expected
    header = container.decode_header(expected + b"more")
    assert header == container.Header(42, '{"a":[0,10]}', ID.bytes, len(expected))


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


@pytest.mark.parametrize("length", range(200))
def test_a_header_cut_anywhere_is_torn(length: int) -> None:
    with pytest.raises(container.SegmentMalformed):
        container.decode_header(container.encode_header(0, "{}", ID)[:length])


def test_any_avro_tool_reads_a_segment(folder: Path) -> None:
    write(folder, [batch(0, 3), batch(30, 2)])

    with segment_paths(folder)[0].open("rb") as file:
        reader = fastavro.reader(file)
        events = list(reader)
    assert [event["body"] for event in events] == lines(0, 5)
    assert all(event["headers"] == {} for event in events)
    assert reader.metadata["flume.first"] == "0"


def test_a_large_batch_and_one_of_bytes_outside_ascii_come_back(folder: Path) -> None:
    body = bytes(range(256)) * 40_000
    items = b"\x02\x02a\x06\xe2\x82\xac\0" + encode_long(len(body)) + body
    with opened(folder) as writer:
        writer.append(memoryview(bytearray(items)), 1, [])
        writer.commit()

    with segment_paths(folder)[0].open("rb") as file:
        assert list(fastavro.reader(file)) == [{"headers": {"a": "€"}, "body": body}]


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ("00 00", 1),
        ("00 00 00 02 78", 2),
        ("02 0261 0262 00 02 78", 1),
        ("01 08 0261 0262 00 02 78", 1),
    ],
)
def test_items_that_are_events_pass(items: str, count: int) -> None:
    scan_events(bytes.fromhex(items), count)


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ("00 00", 2),  # fewer
        ("00 00 00 00", 1),  # more
        ("00 04 61", 1),  # a body that goes on
        ("00 01", 1),  # of -1 bytes
        ("02 0261 0662 00 00", 1),  # a header that goes on
        ("feffffffffffffffff01 0261", 1),  # 2^63 - 1 headers
        ("00 " + "80" * 20, 1),  # a length without an end
    ],
)
def test_items_that_are_not_that_many_events_are_corrupt(items: str, count: int) -> None:
    with pytest.raises(EventCorrupt):
        scan_events(bytes.fromhex(items), count)
