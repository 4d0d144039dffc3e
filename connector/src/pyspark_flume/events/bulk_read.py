"""Bytes at many places of a batch read at once: as words of 8 bytes, lengths and decimal numbers.

Positions may be anywhere from 0 on: behind the end, zeros are read.
"""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

DIGITS_MAX = 18  # as many as int64 holds in any case
# Lengths below 128 MiB, more than a batch may have.
_LENGTH_BYTES_MAX = 4
_POWERS_OF_10 = 10 ** np.arange(9)


def words_of(data: bytes | memoryview) -> Words:
    """The 8 bytes from each byte of `data` on as a number, the first byte the lowest; no copy."""
    if len(data) < 8:
        data = bytes(data).ljust(8, b"\0")
    return np.ndarray(len(data) - 7, "<u8", data, strides=(1,))


def words_at(words: Words, positions: Ints) -> Words:
    last = len(words) - 1
    if not len(positions) or positions.max() <= last:
        return words[positions]
    inside = np.minimum(positions, last)
    return words[inside] >> (8 * (positions - inside)).astype(np.uint64)


def has_text(words: Words, positions: Ints, text: bytes) -> Mask:
    """Whether `text` stands at each position."""
    same = np.ones(len(positions), np.bool_)
    for i in range(0, len(text), 8):
        piece = text[i : i + 8]
        there = words_at(words, positions + i) & ((1 << 8 * len(piece)) - 1)
        same &= there == int.from_bytes(piece, "little")
    return same


def read_lengths(words: Words, positions: Ints) -> tuple[Ints, Ints, Mask]:
    """For each position: where the zig-zag varint there ends, its value, and whether it is a
    length, which is not negative and has 4 bytes at most."""
    word = words_at(words, positions)
    octet = word.astype(np.uint8)
    if not (octet & 0x81).any():  # short texts only
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
    """The decimal number from each start to its end; -1 where there is anything but 1 to 18 digits.

    Eight digits are read at a time, as in "SIMD within a register": neighbours become numbers below
    100, those below 10,000, those the result.
    """
    lengths = ends - starts
    good = (lengths > 0) & (lengths <= DIGITS_MAX)
    total = np.zeros(len(starts), np.int64)
    for i in range(0, min(int(lengths.max(initial=0)), DIGITS_MAX), 8):
        taken = np.minimum(np.maximum(lengths - i, 0), 8)
        bits = (8 * taken).astype(np.uint64)
        # Missing digits become zeros in front.
        digits = (words_at(words, starts + i) << (64 - bits)) | (0x3030303030303030 >> bits)
        digits ^= 0x3030303030303030
        good &= ((digits + 0x7676767676767676) | digits) & 0x8080808080808080 == 0
        digits = (digits * 10 + (digits >> 8)) & 0x00FF00FF00FF00FF
        digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFF
        digits = (digits * 10_000 + (digits >> 32)) & 0xFFFFFFFF
        total = digits.view(np.int64) + (total * _POWERS_OF_10[taken] if i else 0)
    return np.where(good, total, -1)
