"""Batches whose events have their place in a file as their body: ``b"access.log 20 30"``."""

import gc
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyspark_flume.events.event_positions import scan_events
from pyspark_flume.landing import FileRange, Landing, LandingWriter

LINE = 10  # bytes of a line in its file

Batch = tuple[bytes, int, list[FileRange]]


def batch(start: int, count: int, file: str = "access.log") -> Batch:
    """`count` lines of `file` from byte `start` on: items, count, runs."""
    ends = [start + LINE * (line + 1) for line in range(count)]
    bodies = [f"{file} {end - LINE} {end}".encode() for end in ends]
    items = b"".join(b"\0" + bytes([2 * len(body)]) + body for body in bodies)
    return items, count, [FileRange(file, start, start + LINE * count, 0, count)]


def bodies(items: bytes | memoryview) -> Iterator[bytes]:
    """The events' bodies; they have no headers and are shorter than 64 bytes."""
    position = 0
    while position < len(items):
        assert items[position] == 0
        end = position + 2 + items[position + 1] // 2
        yield bytes(items[position + 2 : end])
        position = end


def identify(items: bytes, count: int) -> list[FileRange]:
    """A run for each event. Raises `EventCorrupt`."""
    scan_events(items, count)
    found = [body.decode().split() for body in bodies(items)]
    assert len(found) == count
    return [
        FileRange(file, int(start), int(end), place, place + 1)
        for place, (file, start, end) in enumerate(found)
    ]


def opened(folder: Path, segment_bytes: int = 1 << 20) -> LandingWriter:
    return LandingWriter.open(folder, identify, segment_bytes)


def write(folder: Path, batches: Sequence[Batch], segment_bytes: int = 1 << 20) -> None:
    """One commit a batch."""
    with opened(folder, segment_bytes) as writer:
        for one in batches:
            writer.append(*one)
            writer.commit()


def stored(folder: Path) -> list[bytes]:
    """The bodies that a reader gets."""
    log = Landing(folder)
    blocks = log.blocks(log.earliest(), log.latest())
    return [body for block in blocks for body in bodies(block.items)]


def lines(start: int, count: int, file: str = "access.log") -> list[bytes]:
    """The bodies of `batch`."""
    return list(bodies(batch(start, count, file)[0]))


def segment_paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.avro"))


def open_files() -> int:
    """How many files this process has open, and still uses."""
    gc.collect()
    return len(list(Path("/dev/fd").iterdir()))


def flip(path: Path, position: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[position] ^= 0x10
    path.write_bytes(data)
