"""Avro's binary encoding: the few primitives of which calls, events and segment headers consist.

A number is a zig-zag varint. A string or a bytes value is its length and its bytes. A map is blocks
of ``count, (key, value)…`` that end with a count of 0; a negative count is followed by the block's
size in bytes. See "Binary Encoding" in the Avro 1.12 specification.

Each reading function returns the position after what it has read, and raises `EventCorrupt` if a
number does not end or has more than 64 bits, or a length points past the end of the data. A Python
worker of `FlumeUtils` imports this module, so it needs only Python.
"""

from pyspark_flume.errors import EventCorrupt

VARINT_BYTES_MAX = 10  # 64 bits, 7 a byte; reading a longer one would take quadratic time


def encode_long(value: int) -> bytes:
    """Return the zig-zag varint of a signed number of 64 bits."""
    zigzag = (value << 1) ^ (value >> 63)
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def encode_bytes(value: bytes) -> bytes:
    """Return a bytes value, or a string that is already UTF-8: its length and its bytes."""
    return encode_long(len(value)) + value


def read_long(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return the number at `position`, and the position after it."""
    start = position
    value = shift = 0
    try:
        while position - start < VARINT_BYTES_MAX:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >> 64:
                    break
                return (value >> 1) ^ -(value & 1), position
            shift += 7
    except IndexError:
        raise EventCorrupt(f"ends within a number, at byte {start}") from None
    raise EventCorrupt(f"number of more than 64 bits, at byte {start}")


def read_string(data: bytes, position: int) -> tuple[str, int]:
    """Return the string at `position`, and the position after it.

    Avro's strings are UTF-8. Bytes that are not UTF-8 become replacement characters: a client that
    breaks this rule must not make everyone's batch fail.
    """
    length, start = read_long(data, position)
    end = start + length
    if not start <= end <= len(data):
        raise _length_past_end(data, position, length, start)
    return data[start:end].decode("utf-8", "replace"), end


def read_bytes(data: bytes | memoryview, position: int) -> tuple[bytes, int]:
    """Return a copy of the string's or bytes value's bytes, and the position after them."""
    end = skip_bytes(data, position)
    _, start = read_long(data, position)
    return bytes(data[start:end]), end


def skip_bytes(data: bytes | memoryview, position: int) -> int:
    """Return the position after a string or a bytes value."""
    length, start = read_long(data, position)
    if not 0 <= length <= len(data) - start:
        raise _length_past_end(data, position, length, start)
    return start + length


def skip_map(data: bytes | memoryview, position: int) -> int:
    """Return the position after a map whose values are strings or bytes."""
    while True:
        count, position = read_map_block(data, position)
        if count == 0:
            return position
        for _ in range(2 * count):
            position = skip_bytes(data, position)


def read_map_block(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return how many pairs the map's block at `position` has, and the position of the first.

    A count of 0 is the map's end.
    """
    if position < len(data) and not (low := data[position]) & 0x81:
        return low >> 1, position + 1  # most have few pairs, and calls are slow
    count, position = read_long(data, position)
    if count < 0:
        _, position = read_long(data, position)
        return -count, position
    return count, position


def _length_past_end(
    data: bytes | memoryview, position: int, length: int, start: int
) -> EventCorrupt:
    return EventCorrupt(
        f"length of {length} bytes with {len(data) - start} left, at byte {position}"
    )
