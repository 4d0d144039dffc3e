"""A segment's bytes: an Avro object container file without compression.

See "Object Container Files" in the Avro 1.12 specification. A header (magic, a map of metadata, a
sync marker of 16 bytes) is followed by blocks: ``count, byte length, items, sync marker``, where
the first two are zig-zag varints. The marker of every segment is the landing log's id, so a file
from another log is noticed.
"""

from dataclasses import dataclass
from uuid import UUID

from pyspark_flume.avro_binary import encode_bytes, encode_long, read_long, read_string
from pyspark_flume.errors import EventCorrupt

FORMAT = 1
SYNC_BYTES = 16
MAGIC = b"Obj\x01"
ITEM_BYTES_MIN = 2  # an item of the schema below with an empty map and no bytes

# For Avro's tools; the log itself does not look into its items.
EVENT_SCHEMA_TEXT = (
    '{"type":"record","name":"AvroFlumeEvent","namespace":"org.apache.flume.source.avro","fields":['
    '{"name":"headers","type":{"type":"map","values":"string"}},'
    '{"name":"body","type":"bytes"}]}'
)


class SegmentMalformed(Exception):
    """Bytes that are not a header or a block, or that end within one.

    The code that judges a file's end catches it, because a killed writer leaves such bytes.
    """


@dataclass(frozen=True)
class Header:
    """The contents of a segment's header.

    :param first: number of the segment's first event
    :param seen: JSON of the ranges seen before the segment began, as of `SeenRanges.snapshot`
    :param sync: the marker after the header and after every block
    :param length: bytes of the header, and so the first block's position
    """

    first: int
    seen: str
    sync: bytes
    length: int


def encode_header(first: int, seen: str, log_id: UUID) -> bytes:
    """Return a segment's header; the inverse of `decode_header`."""
    metadata = {
        "avro.schema": EVENT_SCHEMA_TEXT,
        "avro.codec": "null",
        "flume.landing": str(FORMAT),
        "flume.first": str(first),
        "flume.seen": seen,
    }
    out = MAGIC + encode_long(len(metadata))
    for key, value in metadata.items():
        out += encode_bytes(key.encode()) + encode_bytes(value.encode())
    return out + b"\0" + log_id.bytes


def decode_header(data: bytes) -> Header:
    """Read the header at the start of `data`.

    Raises `SegmentMalformed` if it is incomplete, or does not belong to a landing log.
    """
    if data[:4] != MAGIC:
        raise SegmentMalformed("not an Avro container file")
    metadata: dict[str, str] = {}
    try:
        count, position = read_long(data, 4)
        for _ in range(count):
            key, position = read_string(data, position)
            metadata[key], position = read_string(data, position)
    except EventCorrupt as error:
        raise SegmentMalformed(f"metadata without an end: {error}") from None
    end = position + 1 + SYNC_BYTES
    if len(data) < end or data[position] != 0:
        raise SegmentMalformed("metadata without an end")
    first, seen = metadata.get("flume.first", ""), metadata.get("flume.seen")
    if metadata.get("flume.landing") != str(FORMAT) or not first.isdecimal() or seen is None:
        raise SegmentMalformed("not a segment of a landing log")
    return Header(int(first), seen, data[position + 1 : end], end)


def block_prefix(count: int, length: int) -> bytes:
    """Return what precedes a block's `length` bytes of items."""
    return encode_long(count) + encode_long(length)


def block_at(data: bytes | memoryview, position: int, sync: bytes) -> tuple[int, int, int]:
    """Return ``(count, start of the items, end of the block)`` of the block at `position`.

    Raises `SegmentMalformed` if the block is incomplete: its numbers make no sense, or no marker
    ends it.
    """
    try:
        count, start = read_long(data, position)
        length, start = read_long(data, start)
    except EventCorrupt:
        raise SegmentMalformed(f"a number without an end in the block at byte {position}") from None
    end = start + length + SYNC_BYTES
    if count < 1 or length < count * ITEM_BYTES_MIN or end > len(data):
        raise SegmentMalformed(f"a block of {count} events in {length} bytes at byte {position}")
    if data[end - SYNC_BYTES : end] != sync:
        raise SegmentMalformed(f"no sync marker after the block at byte {position}")
    return count, start, end
