"""A segment's bytes: an Avro object container file without compression.

See "Object Container Files" in the Avro 1.12 specification. A header (magic, a map of metadata, a
sync marker of 16 bytes), then blocks: ``count, byte length, items, sync marker``, the first two as
zig-zag varints. The marker of every segment is the landing log's id, so a strayed file is noticed.
"""

import json
from dataclasses import dataclass
from uuid import UUID

FORMAT = 1
SYNC_BYTES = 16
MAGIC = b"Obj\x01"
EVENT_BYTES_MIN = 2  # no headers, an empty body: 00 00
VARINT_BYTES_MAX = 10

SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "AvroFlumeEvent",
        "namespace": "org.apache.flume.source.avro",
        "fields": [
            {"name": "headers", "type": {"type": "map", "values": "string"}},
            {"name": "body", "type": "bytes"},
        ],
    },
    separators=(",", ":"),
)


class Torn(Exception):
    """The bytes end within a structure, or are none; caught where a file's end is judged."""


@dataclass(frozen=True)
class Header:
    """What a segment's header says.

    :param first: number of the segment's first event
    :param seen: JSON of the ranges seen before the segment began, as `Seen.snapshot` gives it
    :param sync: the marker behind the header and every block
    :param length: bytes of the header, so where the first block stands
    """

    first: int
    seen: str
    sync: bytes
    length: int


def encode_header(first: int, seen: str, log_id: UUID) -> bytes:
    """A segment's header; the inverse of `decode_header`."""
    metadata = {
        "avro.schema": SCHEMA,
        "avro.codec": "null",
        "flume.landing": str(FORMAT),
        "flume.first": str(first),
        "flume.seen": seen,
    }
    out = MAGIC + encode_long(len(metadata))
    for pair in metadata.items():
        for text in pair:
            encoded = text.encode()
            out += encode_long(len(encoded)) + encoded
    return out + b"\0" + log_id.bytes


def decode_header(data: bytes | memoryview) -> Header:
    """Read the header at the start of `data`. Raises `Torn` where it is not whole or not ours."""
    if bytes(data[:4]) != MAGIC:
        raise Torn("no Avro container file")
    metadata: dict[str, str] = {}
    count, position = decode_long(data, 4)
    for _ in range(count):
        pair = []
        for _ in range(2):
            length, start = decode_long(data, position)
            position = start + length
            if not start <= position <= len(data):
                raise Torn("metadata without an end")
            pair.append(bytes(data[start:position]).decode("utf-8", "replace"))
        metadata[pair[0]] = pair[1]
    end = position + 1 + SYNC_BYTES
    if len(data) < end or data[position] != 0:
        raise Torn("metadata without an end")
    first, seen = metadata.get("flume.first", ""), metadata.get("flume.seen")
    if metadata.get("flume.landing") != str(FORMAT) or not first.isdecimal() or seen is None:
        raise Torn("no segment of a landing log")
    return Header(int(first), seen, bytes(data[position + 1 : end]), end)


def block_prefix(count: int, length: int) -> bytes:
    """What stands before a block's `length` bytes of items."""
    return encode_long(count) + encode_long(length)


def block_at(data: bytes | memoryview, position: int, sync: bytes) -> tuple[int, int, int]:
    """``(count, start of the items, end of the block)`` of the block at `position`.

    Raises `Torn` where the block is not whole: its numbers are not sane, or no marker ends it.
    """
    count, start = decode_long(data, position)
    length, start = decode_long(data, start)
    end = start + length + SYNC_BYTES
    if count < 1 or length < count * EVENT_BYTES_MIN or end > len(data):
        raise Torn(f"a block of {count} events in {length} bytes at byte {position}")
    if data[end - SYNC_BYTES : end] != sync:
        raise Torn(f"no sync marker behind the block at byte {position}")
    return count, start, end


def check_items(items: bytes | memoryview, count: int) -> None:
    """Raise `Torn` unless `items` are exactly `count` events; their texts are not looked at."""
    position, end = 0, len(items)
    for _ in range(count):
        pairs = 1
        while pairs:
            pairs, position = decode_long(items, position)
            if pairs < 0:  # a map's block with its size before it
                pairs = -pairs
                _, position = decode_long(items, position)
            if pairs > end:
                raise Torn(f"an event of {pairs} headers")
            for _ in range(2 * pairs):
                position = _skip(items, position, end)
        position = _skip(items, position, end)
    if position != end:
        raise Torn(f"{end - position} bytes behind the last event")


def _skip(items: bytes | memoryview, position: int, end: int) -> int:
    length, position = decode_long(items, position)
    if not 0 <= length <= end - position:
        raise Torn(f"a text of {length} bytes with {end - position} left")
    return position + length


def encode_long(value: int) -> bytes:
    """A zig-zag varint of a number that is not negative."""
    zigzag = value << 1
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def decode_long(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """The zig-zag varint at `position` and the position behind it. Raises `Torn`."""
    value = 0
    for place, byte in enumerate(data[position : position + VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), position + place + 1
    raise Torn(f"a number without an end at byte {position}")
