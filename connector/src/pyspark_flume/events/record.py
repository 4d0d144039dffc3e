"""The Avro record of an event: ``headers map<string>, body bytes``.

A Python worker of `FlumeUtils` imports this module, so it needs no numpy.
"""

from collections.abc import Iterator, Mapping

from pyspark_flume.avro_binary import (
    encode_bytes,
    encode_long,
    read_long,
    read_map_block,
    read_string,
)
from pyspark_flume.errors import EventCorrupt


def decode_events(data: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield ``(headers, body)`` of each event in `data`, which is a sequence of encoded events.

    Raises `EventCorrupt` if a length points past the end.
    """
    position, end = 0, len(data)
    while position < end:
        headers: dict[str, str] = {}
        try:
            # Most events have no headers, which is one byte 0.
            if data[position] == 0:
                position += 1
            else:
                position = _read_headers(data, position, headers)
            # Most lines of text have 64 to 8191 bytes: a length of two bytes.
            low = data[position]
            if low & 1:  # zig-zag puts the sign in this bit
                raise EventCorrupt(f"body of a negative length, at byte {position}")
            if low < 0x80:
                length, position = low >> 1, position + 1
            elif (high := data[position + 1]) < 0x80:
                length, position = ((low & 0x7F) | (high << 7)) >> 1, position + 2
            else:
                length, position = read_long(data, position)
        except IndexError:
            raise EventCorrupt(f"event ends after {end} bytes, within a length") from None
        start, position = position, position + length
        if not start <= position <= end:
            raise EventCorrupt(f"body of {length} bytes with {end - start} left")
        yield headers, data[start:position]


def encode_event(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the bytes of one event; the inverse of `decode_events`."""
    out = bytearray()
    if headers:
        out += encode_long(len(headers))
        for key, value in headers.items():
            out += encode_bytes(key.encode()) + encode_bytes(value.encode())
    return bytes(out + b"\0" + encode_bytes(body))


def _read_headers(data: bytes, position: int, headers: dict[str, str]) -> int:
    """Add the headers at `position` to `headers`; return the position after them."""
    while True:
        count, position = read_map_block(data, position)
        if count == 0:
            return position
        for _ in range(count):
            key, position = read_string(data, position)
            headers[key], position = read_string(data, position)
