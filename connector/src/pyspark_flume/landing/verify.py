"""Check every byte of a landing log, for the command line's `verify`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from pyspark_flume.errors import EventCorrupt, LandingCorrupt
from pyspark_flume.landing import avro_container, index
from pyspark_flume.landing.folder import Segment, read_id, segments
from pyspark_flume.landing.index import Entries
from pyspark_flume.landing.reader import read_blocks

DAMAGE_MAX = 10  # lines for each segment; a file with a piece cut out would have thousands

CheckItems = Callable[[memoryview, int], object]
"""Called with a block's items and their count. Raises `EventCorrupt` unless they are that many
events."""

Progress = Callable[[int, int], None]
"""Called with the bytes checked so far and the total bytes."""


@dataclass
class Verdict:
    """The result for a segment with events `first` to `end` - 1.

    :param blocks: the number of blocks that are as they were written
    :param unindexed: bytes that the index does not name, from a current write or a crash
    :param damage: one fact for each line
    """

    segment: str
    first: int
    end: int
    blocks: int = 0
    unindexed: int = 0
    damage: list[str] = field(default_factory=list)


def verify(folder: Path, check_items: CheckItems, progress: Progress) -> Iterator[Verdict]:
    """Check every segment: header, checksums, markers, items, index, and that none is missing.

    A writer may run, because a segment's index is read before its bytes. Raises `LandingError` if
    there is no log.
    """
    log_id = read_id(folder)
    present = segments(folder)
    total = sum(_size(segment) for segment in present)
    done, end = 0, None
    for place, segment in enumerate(present):
        sealed = place + 1 < len(present)
        entries, vouched = index.decode(index.read(segment.index))
        verdict = Verdict(segment.path.name, segment.first, segment.first)
        if len(entries):
            verdict.end = int(entries["events"][-1])
        if len(entries) != vouched:
            verdict.damage.append(f"{segment.index.name}: entry {len(entries)} is damaged")
        if end is not None and end != segment.first:
            verdict.damage.append(f"events {end} to {segment.first - 1} are missing before it")
        try:
            _check_header(segment, entries, log_id.bytes, verdict)
            for checked in _check_blocks(segment, entries, check_items, verdict):
                progress(done + checked, total)
        except FileNotFoundError:  # retention has removed it
            end = None
            continue
        _check_size(segment, entries, sealed, verdict)
        end = verdict.end
        done += _size(segment)
        yield verdict


def _check_blocks(
    segment: Segment, entries: Entries, check_items: CheckItems, verdict: Verdict
) -> Iterator[int]:
    """Yield the bytes checked so far."""
    place = 1
    while place < len(entries):
        try:
            for block in read_blocks(segment, entries, place, len(entries)):
                check_items(block.items, block.count)
                verdict.blocks += 1
                yield int(entries["position"][place])
                place += 1
        except (LandingCorrupt, EventCorrupt) as error:
            verdict.damage.append(f"block {place}: {error}")
            if len(verdict.damage) >= DAMAGE_MAX:
                verdict.damage.append("the rest was not checked")
                return
            place += 1


def _check_header(segment: Segment, entries: Entries, sync: bytes, verdict: Verdict) -> None:
    if not len(entries):
        return  # the index vouches for nothing yet; `_check_size` checks whether that is possible
    length = int(entries["length"][0])
    with segment.path.open("rb") as file:
        data = file.read(length)
    if crc32(data) != entries["crc"][0]:
        verdict.damage.append("the header's checksum differs from the index")
        return
    header = avro_container.decode_header(data)
    if header.first != segment.first or header.sync != sync:
        verdict.damage.append("its header belongs to another segment or log")


def _check_size(segment: Segment, entries: Entries, sealed: bool, verdict: Verdict) -> None:
    named = int(entries["position"][-1] + entries["length"][-1]) if len(entries) else 0
    positions = entries["position"].astype("i8")
    if (positions[1:] != (positions + entries["length"])[:-1]).any():
        verdict.damage.append(f"{segment.index.name}: positions with gaps")
    verdict.unindexed = max(0, _size(segment) - named)
    if sealed and verdict.unindexed:
        verdict.damage.append(f"{verdict.unindexed} bytes that the index does not name")


def _size(segment: Segment) -> int:
    try:
        return segment.path.stat().st_size
    except FileNotFoundError:
        return 0
