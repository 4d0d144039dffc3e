"""A segment's index: where each block is, when it arrived, and the checksum that vouches for it.

Entries have 36 bytes, big-endian. The first one is for the header, as a block without events; each
other one is for a block. Positions follow one another without a gap.

An entry is written after its block is durable. Readers see it once it and all entries before it are
valid. A commit of several entries writes the first one last, so that all become visible at once.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

# The number of events up to the block's end, the block's position, arrival (ms since 1970), bytes
# and crc32; then the crc32 of these 32 bytes.
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
"""Array of ENTRY_DTYPE. The first event of entry i > 0 is ``entries["events"][i - 1]``."""


@dataclass(frozen=True)
class Entry:
    """One entry as a Python object."""

    events: int
    position: int
    arrival_ms: int
    length: int
    crc: int

    def encode(self) -> bytes:
        """Return the entry's 36 bytes."""
        fields = (self.events, self.position, self.arrival_ms, self.length, self.crc)
        checked = ENTRY.pack(*fields, 0)[:CHECKED_BYTES]
        return checked + crc32(checked).to_bytes(4, "big")


def decode(data: bytes) -> tuple[Entries, int]:
    """Return the valid entries at the start of `data`, and the place after the last valid entry.

    The place counts all entries, so it is greater if an invalid entry precedes a valid one.
    """
    count = len(data) // ENTRY.size
    valid = [entry_is_valid(data, place) for place in range(count)]
    prefix = valid.index(False) if False in valid else count
    last = count - valid[::-1].index(True) if True in valid else 0
    return np.frombuffer(data, ENTRY_DTYPE, prefix), last


def as_objects(entries: Entries) -> Iterator[Entry]:
    """Yield each entry as a Python object."""
    columns = [np.asarray(entries[name]).tolist() for name in entries.dtype.names or ()]
    yield from (Entry(*fields[:5]) for fields in zip(*columns, strict=True))


def entry_is_valid(data: bytes, place: int) -> bool:
    """Whether the checksum of entry number `place` is right."""
    start = place * ENTRY.size
    checked = data[start : start + CHECKED_BYTES]
    crc = int.from_bytes(data[start + CHECKED_BYTES : start + ENTRY.size], "big")
    return crc32(checked) == crc


def read(path: Path, skip: int = 0) -> bytes:
    """Return the bytes of the index after its first `skip` entries; none if it does not exist."""
    try:
        with path.open("rb") as file:
            file.seek(skip * ENTRY.size)
            return file.read()
    except FileNotFoundError:
        return b""


EMPTY: Entries = np.frombuffer(b"", ENTRY_DTYPE)
