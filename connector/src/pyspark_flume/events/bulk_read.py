"""Read many places of a batch at once: words of 8 bytes, lengths and decimal numbers.

A position may be any number from 0 on; past the end of the data, zeros are returned.
"""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

DIGITS_MAX = 18  # int64 holds every number of that many digits
# 9999-12-31T23:59:59.999Z, the last time that SQL and Python can express.
TIMESTAMP_MS_MAX = 253_402_300_799_999
# Enough for lengths below 128 MiB. Longer ones are read one by one.
_LENGTH_BYTES_MAX = 4
_POWERS_OF_10 = 10 ** np.arange(9)


def as_words(data: bytes | memoryview) -> Words:
    """View `data` without a copy: one little-endian word for each byte and the 7 bytes after it."""
    if len(data) < 8:
        data = bytes(data).ljust(8, b"\0")
    return np.ndarray(len(data) - 7, "<u8", data, strides=(1,))


def read_words(words: Words, positions: Ints) -> Words:
    """Return the word at each position."""
    last = len(words) - 1
    if not len(positions) or positions.max() <= last:
        return words[positions]
    inside = np.minimum(positions, last)
    return words[inside] >> (8 * (positions - inside)).astype(np.uint64)


def has_text(words: Words, positions: Ints, text: bytes) -> Mask:
    """Return, for each position, whether `text` is there."""
    same = np.ones(len(positions), np.bool_)
    for i in range(0, len(text), 8):
        piece = text[i : i + 8]
        there = read_words(words, positions + i) & ((1 << 8 * len(piece)) - 1)
        same &= there == int.from_bytes(piece, "little")
    return same


def read_lengths(words: Words, positions: Ints) -> tuple[Ints, Ints, Mask]:
    """Read the zig-zag varint at each position.

    Return the position after it, its value, and whether it is a valid length: not negative, and not
    more than 4 bytes long.
    """
    word = read_words(words, positions)
    octet = word.astype(np.uint8)
    if not (octet & 0x81).any():  # all are short texts
        return positions + 1, (octet >> 1).astype(np.int64), np.ones_like(octet, np.bool_)
    value = word & 0x7F
    more = (word >> 7) & 1
    width = more + 1
    for i in range(1, _LENGTH_BYTES_MAX):
        if not more.any():
            break
        value |= (((word >> 8 * i) & 0x7F) * more) << 7 * i
        more &= word >> 8 * i + 7
        width += more
    fits = (more | (value & 1)) == 0
    return positions + width.view(np.int64), (value >> 1).view(np.int64), fits


def read_decimals(words: Words, starts: Ints, ends: Ints) -> Ints:
    """Return the decimal number from each start to its end; -1 if it is not 1 to 18 digits.

    Eight digits are read at a time, as in "SIMD within a register": two neighbouring digits become
    a number below 100, two of these numbers one below 10,000, and two of those the result.
    """
    lengths = ends - starts
    good = (lengths > 0) & (lengths <= DIGITS_MAX)
    total = np.zeros(len(starts), np.int64)
    for i in range(0, min(int(lengths.max(initial=0)), DIGITS_MAX), 8):
        taken = np.minimum(np.maximum(lengths - i, 0), 8)
        bits = (8 * taken).astype(np.uint64)
        # Fewer than eight digits are padded with zeros at the front.
        digits = (read_words(words, starts + i) << (64 - bits)) | (0x3030303030303030 >> bits)
        digits ^= 0x3030303030303030
        good &= ((digits + 0x7676767676767676) | digits) & 0x8080808080808080 == 0
        digits = (digits * 10 + (digits >> 8)) & 0x00FF00FF00FF00FF
        digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFF
        digits = (digits * 10_000 + (digits >> 32)) & 0xFFFFFFFF
        total = digits.view(np.int64) + (total * _POWERS_OF_10[taken] if i else 0)
    return np.where(good, total, -1)
