"""The Avro record of an event: ``headers map<string>, body bytes``.

Avro's binary encoding: a length or count is a zig-zag varint, a map is blocks of
``count, (key, value)…`` that end with a count of 0; a negative count is followed by the block's
size in bytes. See "Binary Encoding" in the Avro 1.12 specification.
"""

from collections.abc import Iterator, Mapping

from pyspark_flume.errors import EventCorrupt

_VARINT_BYTES_MAX = 10  # 64 bits, 7 a byte; a longer one would cost the square of its length


def decode_events(data: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield ``(headers, body)`` of each event in `data`, where they stand one behind the other.

    Raises `EventCorrupt` where a length points beyond the end.
    """
    position, end = 0, len(data)
    while position < end:
        headers: dict[str, str] = {}
        try:
            # Most events have no headers: one byte that is 0.
            if data[position] == 0:
                position += 1
            else:
                position = _read_headers(data, position, headers)
            # A body of 64 to 8191 bytes, so most lines of text: a length of two bytes.
            low = data[position]
            if low & 1:  # zig-zag puts the sign there
                raise EventCorrupt(f"body of a negative length, at byte {position}")
            if low < 0x80:
                length, position = low >> 1, position + 1
            elif (high := data[position + 1]) < 0x80:
                length, position = ((low & 0x7F) | (high << 7)) >> 1, position + 2
            else:
                length, position = _read_long(data, position)
        except IndexError:
            raise EventCorrupt(f"event ends after {end} bytes, within a length") from None
        start, position = position, position + length
        if not start <= position <= end:
            raise EventCorrupt(f"body of {length} bytes with {end - start} left")
        yield headers, data[start:position]


def encode_event(headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of one event; the inverse of `decode_events`."""
    out = bytearray()
    if headers:
        out += _long(len(headers))
        for pair in headers.items():
            for text in pair:
                encoded = text.encode()
                out += _long(len(encoded)) + encoded
    return bytes(out + b"\0" + _long(len(body)) + body)


def skip_event(data: bytes | memoryview, position: int) -> int:
    """The position behind the event at `position`, of which nothing is decoded.

    Raises `EventCorrupt` where a length points beyond the end.
    """
    return skip_bytes(data, skip_map(data, position))


def skip_map(data: bytes | memoryview, position: int) -> int:
    """The position behind a map whose values are strings or bytes."""
    while True:
        count, position = _read_long(data, position)
        if count == 0:
            return position
        if count < 0:
            count = -count
            _, position = _read_long(data, position)
        for _ in range(2 * count):
            position = skip_bytes(data, position)


def skip_bytes(data: bytes | memoryview, position: int) -> int:
    """The position behind a string or a bytes value."""
    length, start = _read_long(data, position)
    if not 0 <= length <= len(data) - start:
        raise EventCorrupt(
            f"length of {length} bytes with {len(data) - start} left, at byte {position}"
        )
    return start + length


def _read_headers(data: bytes, position: int, headers: dict[str, str]) -> int:
    while True:
        count, position = _read_long(data, position)
        if count == 0:
            return position
        if count < 0:
            count = -count
            _, position = _read_long(data, position)
        for _ in range(count):
            key, position = _read_string(data, position)
            headers[key], position = _read_string(data, position)


def _read_string(data: bytes, position: int) -> tuple[str, int]:
    length, start = _read_long(data, position)
    end = start + length
    if not start <= end <= len(data):
        raise EventCorrupt(f"header of {length} bytes with {len(data) - start} left")
    # Avro strings are UTF-8; a client that breaks that must not fail everyone's batch.
    return data[start:end].decode("utf-8", "replace"), end


def _read_long(data: bytes | memoryview, position: int) -> tuple[int, int]:
    start = position
    value = shift = 0
    try:
        while position - start < _VARINT_BYTES_MAX:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1), position
            shift += 7
    except IndexError:
        raise EventCorrupt(f"ends within a number, at byte {start}") from None
    raise EventCorrupt(f"number of more than {_VARINT_BYTES_MAX} bytes, at byte {start}")


def _long(value: int) -> bytes:
    zigzag = (value << 1) ^ (value >> 63)
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)
