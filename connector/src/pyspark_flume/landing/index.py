"""A segment's index: which events stand where, since when, and the checksums that vouch for them.

Entries of 36 bytes, big-endian. The first one names the header, as a block of no events; each
further one a block. Positions follow one another without a gap.

An entry is written after its block is durable; it is visible to readers once it and all before it
are valid. Several entries are written so that the first comes last: they become visible at once.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

# events up to and with the block (global), its position, arrival (ms since 1970), its bytes, their
# crc32; then the crc32 of these 32 bytes
ENTRY = struct.Struct(">QQQIII")
ENTRY_DTYPE = np.dtype(
    [
        ("events", ">u8"),
        ("position", ">u8"),
        ("arrival_ms", ">u8"),
        ("length", ">u4"),
        ("crc", ">u4"),
        ("entry_crc", ">u4"),
    ]
)
CHECKED_BYTES = ENTRY.size - 4

Entries = npt.NDArray[np.void]
"""Array of ENTRY_DTYPE. Entry i > 0: its block's first event is ``entries["events"][i - 1]``."""


@dataclass(frozen=True)
class Entry:
    """One entry, before it is written."""

    events: int
    position: int
    arrival_ms: int
    length: int
    crc: int

    def encode(self) -> bytes:
        """The entry's 36 bytes."""
        fields = (self.events, self.position, self.arrival_ms, self.length, self.crc)
        checked = ENTRY.pack(*fields, 0)[:CHECKED_BYTES]
        return checked + crc32(checked).to_bytes(4, "big")


def decode(data: bytes) -> tuple[Entries, int]:
    """The valid entries at the start of `data`, and how many entries the last valid one ends.

    The two differ where an entry that is not valid stands before valid ones.
    """
    count = len(data) // ENTRY.size
    valid = [entry_is_valid(data, place) for place in range(count)]
    prefix = valid.index(False) if False in valid else count
    last = count - valid[::-1].index(True) if True in valid else 0
    return np.frombuffer(data, ENTRY_DTYPE, prefix), last


def entry_is_valid(data: bytes, place: int) -> bool:
    """Does the checksum of the entry at `place` fit?"""
    start = place * ENTRY.size
    checked = data[start : start + CHECKED_BYTES]
    crc = int.from_bytes(data[start + CHECKED_BYTES : start + ENTRY.size], "big")
    return crc32(checked) == crc


def read(path: Path, skip: int = 0) -> bytes:
    """The bytes of the index at `path` after its first `skip` entries; none if it isn't there."""
    try:
        with path.open("rb") as file:
            file.seek(skip * ENTRY.size)
            return file.read()
    except FileNotFoundError:
        return b""


EMPTY: Entries = np.frombuffer(b"", ENTRY_DTYPE)
