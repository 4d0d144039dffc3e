"""How the writer recovers a folder after a kill, a power failure, or damage."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from pyspark_flume.errors import LandingCorrupt, LandingError, LandingLocked
from pyspark_flume.landing import (
    FileRange,
    Landing,
    LandingWriter,
    avro_container,
    commit,
    index,
)
from pyspark_flume.landing.index import ENTRY

from tests.support.landing import (
    batch,
    flip,
    identify,
    lines,
    open_files,
    opened,
    segment_paths,
    stored,
    write,
)


def copy(folder: Path, name: str) -> Path:
    target = folder.parent / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    return target


def cut(path: Path, length: int) -> None:
    os.truncate(path, length)


def seen_after_opening(folder: Path) -> list[tuple[int, int]]:
    """The ranges of the first 100 bytes of access.log that have not been seen."""
    with opened(folder) as writer:
        return writer.missing(FileRange("access.log", 0, 100, 0, 0))


@pytest.fixture
def two(folder: Path) -> Path:
    """A log of two batches of two events."""
    write(folder, [batch(0, 2), batch(20, 2)])
    return folder


@pytest.fixture
def rolled(folder: Path) -> Path:
    """A log of three segments, each with two batches of two events."""
    with opened(folder):
        header = segment_paths(folder)[0].stat().st_size
    write(folder, [batch(20 * i, 2) for i in range(6)], segment_bytes=header + 100)
    assert [int(path.stem) for path in segment_paths(folder)] == [0, 4, 8]
    return folder


# --- incomplete tails ---------------------------------------------------------------------------


def test_an_incomplete_tail_is_cut_off_wherever_it_ends(two: Path) -> None:
    """The index does not vouch for the last block: cut anywhere, it is gone; whole, it is kept."""
    segment, index = (two / f"{0:020d}.{kind}" for kind in ("avro", "index"))
    start = ENTRY.unpack_from(index.read_bytes(), ENTRY.size)
    begin, size = start[1] + start[3], segment.stat().st_size
    cut(index, 2 * ENTRY.size)
    for length in range(begin, size + 1):
        log = copy(two, "cut")
        cut(log / segment.name, length)
        kept = 4 if length == size else 2

        assert seen_after_opening(log) == [(10 * kept, 100)]
        assert stored(log) == lines(0, kept)
        write(log, [batch(10 * kept, 3)])
        assert stored(log) == lines(0, kept + 3)


def test_an_index_cut_anywhere_gets_its_entries_back(two: Path) -> None:
    index = two / f"{0:020d}.index"
    whole = index.read_bytes()
    for length in range(len(whole)):
        log = copy(two, "cut")
        cut(log / index.name, length)

        write(log, [])
        assert stored(log) == lines(0, 4)
        assert len((log / index.name).read_bytes()) == len(whole)


def test_a_lost_index_is_rebuilt(two: Path) -> None:
    (two / f"{0:020d}.index").unlink()

    assert seen_after_opening(two) == [(40, 100)]
    assert stored(two) == lines(0, 4)


def test_the_lost_index_of_an_older_segment_is_rebuilt(rolled: Path) -> None:
    (rolled / f"{4:020d}.index").unlink()

    write(rolled, [])
    assert stored(rolled) == lines(0, 12)


def test_bytes_after_the_last_block_that_are_not_a_block_are_cut_off(two: Path) -> None:
    path = segment_paths(two)[0]
    whole = path.read_bytes()
    for tail in (b"\0" * 5000, b"\xff" * 50, b"\x02\x04" + b"\0" * 30, whole[-60:-1]):
        path.write_bytes(whole + tail)

        write(two, [])
        assert path.read_bytes() == whole


def test_a_kept_block_counts_as_seen_so_that_it_is_not_stored_twice(two: Path) -> None:
    """Killed between fdatasync and the index: never answered OK, so it is sent again."""
    cut(two / f"{0:020d}.index", 2 * ENTRY.size)

    with opened(two) as writer:
        assert writer.events == 4
        assert writer.missing(batch(20, 2)[2][0]) == []


def test_entries_after_a_gap_in_the_index_are_used(folder: Path) -> None:
    """Killed while a commit of several batches published its entries."""
    write(folder, [batch(10 * i, 1) for i in range(4)])
    index = folder / f"{0:020d}.index"
    data = bytearray(index.read_bytes())
    data[2 * ENTRY.size : 3 * ENTRY.size] = bytes(ENTRY.size)
    index.write_bytes(data)
    assert stored(folder) == lines(0, 1)  # readers see only what has no gap before it

    write(folder, [])
    assert stored(folder) == lines(0, 4)


# --- a new segment that was not finished --------------------------------------------------------


def test_a_segment_that_had_just_begun_is_begun_again(two: Path) -> None:
    header = segment_paths(two)[0].read_bytes()[:50]
    for begun in (b"", b"Obj", header, bytes(500)):
        log = copy(two, "begun")
        (log / f"{4:020d}.avro").write_bytes(begun)
        (log / f"{4:020d}.index").touch()
        assert stored(log) == lines(0, 4)

        write(log, [batch(40, 2)])
        assert stored(log) == lines(0, 6)
        assert len(segment_paths(log)) == 1


def test_a_segment_that_had_just_begun_changes_none_before_it(rolled: Path) -> None:
    before = {path.name: path.read_bytes() for path in rolled.glob("0*")}
    (rolled / f"{12:020d}.avro").write_bytes(b"Obj")
    (rolled / f"{12:020d}.index").touch()

    write(rolled, [])
    assert {path.name: path.read_bytes() for path in rolled.glob("0*")} == before


def test_the_first_segment_that_had_just_begun_is_begun_again(folder: Path) -> None:
    with opened(folder):
        pass
    segment_paths(folder)[0].write_bytes(b"Obj")
    cut(folder / f"{0:020d}.index", 0)

    write(folder, [batch(0, 1)])
    assert stored(folder) == lines(0, 1)


def test_the_index_of_a_segment_that_was_never_created_is_removed(two: Path) -> None:
    (two / f"{4:020d}.index").touch()

    write(two, [])
    assert not (two / f"{4:020d}.index").exists()


def test_an_index_that_retention_has_left_is_removed(rolled: Path) -> None:
    segment_paths(rolled)[0].unlink()

    write(rolled, [])
    assert not (rolled / f"{0:020d}.index").exists()
    assert Landing(rolled).earliest() == 4


def test_a_log_whose_creation_was_killed_is_created(folder: Path) -> None:
    folder.mkdir()
    (folder / ".landing.json.77.tmp").write_text("{")
    (folder / "lock").write_text("77\n")

    write(folder, [batch(0, 1)])
    assert stored(folder) == lines(0, 1)
    assert not (folder / ".landing.json.77.tmp").exists()


def test_what_a_killed_query_has_left_is_removed_after_a_while(folder: Path) -> None:
    write(folder, [batch(0, 1)])
    commit(folder, "counts", 1)
    old, new = (folder / "consumers" / f".counts.json.{number}.tmp" for number in (1, 2))
    for path, age in ((old, 3610), (new, 3590)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)

    write(folder, [])
    assert (old.exists(), new.exists()) == (False, True)


# --- damage is an error -------------------------------------------------------------------------


def test_a_flipped_bit_that_the_index_vouches_for_is_an_error(two: Path) -> None:
    path = segment_paths(two)[0]
    for position in range(path.stat().st_size):
        log = copy(two, "flipped")
        flip(log / path.name, position)

        with pytest.raises(LandingCorrupt, match=f"{path.name} is damaged at byte"):
            opened(log)
        assert (log / path.name).stat().st_size == path.stat().st_size


def test_a_segment_cut_before_the_end_that_the_index_names_is_an_error(two: Path) -> None:
    path = segment_paths(two)[0]
    for length in range(path.stat().st_size):
        log = copy(two, "cut")
        cut(log / path.name, length)

        with pytest.raises(LandingCorrupt, match=path.name):
            opened(log)
        assert (log / path.name).stat().st_size == length


def test_a_flipped_bit_in_the_index_loses_nothing(two: Path) -> None:
    index = two / f"{0:020d}.index"
    for position in range(index.stat().st_size):
        log = copy(two, "flipped")
        flip(log / index.name, position)

        write(log, [])
        assert stored(log) == lines(0, 4)


def test_an_index_that_names_other_bytes_than_the_next_block_is_an_error(two: Path) -> None:
    """Its checksums are right, so only the places tell that it belongs to another segment."""
    path, data = two / f"{0:020d}.index", segment_paths(two)[0].read_bytes()
    header, first, second = index.as_objects(index.decode(path.read_bytes())[0])
    beyond = replace(second, length=second.length + 1)  # its checksum is that of what is there
    for entries, position in (
        ([header, first, replace(first, events=4)], first.position),
        ([header, second], second.position),
        ([header, first, beyond], second.position),
    ):
        log = copy(two, "misled")
        (log / path.name).write_bytes(b"".join(entry.encode() for entry in entries))

        reason = f"damaged at byte {position}: the index names bytes that do not exist"
        with pytest.raises(LandingCorrupt, match=reason):
            opened(log)
        assert segment_paths(log)[0].read_bytes() == data


def test_an_older_segment_whose_index_has_no_valid_end_is_an_error(rolled: Path) -> None:
    path = rolled / f"{4:020d}.index"
    whole = path.read_bytes()
    for damaged in (b"", whole[: ENTRY.size - 1], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(damaged)
        with pytest.raises(LandingCorrupt, match=f"{path.name} is damaged at its end; remove it"):
            opened(rolled)


def test_an_older_segment_whose_index_lost_entries_is_an_error(rolled: Path) -> None:
    for entries, first in ((1, 4), (2, 6)):
        log = copy(rolled, "lost")
        cut(log / f"{4:020d}.index", entries * ENTRY.size)
        with pytest.raises(LandingCorrupt, match=f"lacks events {first} to 7, between "):
            opened(log)


def test_damage_before_whole_blocks_is_an_error_even_without_an_index(two: Path) -> None:
    path = segment_paths(two)[0]
    (two / f"{0:020d}.index").unlink()
    position = path.read_bytes().index(b"access.log 0 10") - 1
    flip(path, position)

    with pytest.raises(LandingCorrupt, match="damaged at byte"):
        opened(two)


def test_a_missing_segment_is_an_error(rolled: Path) -> None:
    for name, fact in ((f"{4:020d}", "lacks|missing"), (f"{8:020d}", "is missing")):
        log = copy(rolled, "missing")
        (log / f"{name}.avro").unlink()
        with pytest.raises(LandingCorrupt, match=fact):
            opened(log)
    segment_paths(rolled)[1].unlink()
    (rolled / f"{4:020d}.index").unlink()
    with pytest.raises(LandingCorrupt, match="lacks events 4 to 7"):
        opened(rolled)


def test_an_older_segment_that_lost_bytes_is_an_error(rolled: Path) -> None:
    path = segment_paths(rolled)[0]
    cut(path, path.stat().st_size - 1)

    with pytest.raises(LandingCorrupt, match=path.name):
        opened(rolled)


def test_a_segment_of_another_log_is_an_error(two: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", [batch(0, 2), batch(20, 2)])
    for path in (tmp_path / "other").glob("0*"):
        shutil.copy(path, two)

    with pytest.raises(LandingCorrupt, match="is part of another log"):
        opened(two)


@pytest.mark.parametrize("seen", ["{", "5", '{"a":5}', '{"a":[0,"x"]}', '{"a":[5,0]}'])
def test_a_header_whose_ranges_cannot_be_read_is_an_error(folder: Path, seen: str) -> None:
    with opened(folder):
        log_id = UUID(Landing(folder).id)
    segment_paths(folder)[0].write_bytes(avro_container.encode_header(0, seen, log_id))
    (folder / f"{0:020d}.index").unlink()

    with pytest.raises(LandingCorrupt, match="at byte 0: the ranges seen cannot be read: "):
        opened(folder)


def test_nothing_is_changed_where_opening_fails(rolled: Path) -> None:
    flip(segment_paths(rolled)[2], segment_paths(rolled)[2].stat().st_size - 20)
    before = {path: path.read_bytes() for path in rolled.glob("0*")}

    with pytest.raises(LandingCorrupt):
        opened(rolled)
    assert {path: path.read_bytes() for path in rolled.glob("0*")} == before


# --- folders that cannot be used ----------------------------------------------------------------


def test_a_second_writer_is_told_which_process_is_the_first(folder: Path) -> None:
    with opened(folder), pytest.raises(LandingLocked, match=f"process {os.getpid()}; stop"):
        opened(folder)
    opened(folder).close()


def test_a_second_writer_leaves_nothing_open(folder: Path) -> None:
    with opened(folder):
        before = open_files()
        with pytest.raises(LandingLocked):
            opened(folder)
        assert open_files() == before


def unknown_format(folder: Path) -> None:
    (folder / "landing.json").write_text('{"format": 2, "id": "00112233445566778899aabbccddeeff"}')


def no_json(folder: Path) -> None:
    (folder / "landing.json").write_text("{")


def json_of_others(folder: Path) -> None:
    (folder / "landing.json").write_text("[1]")


def id_that_is_no_text(folder: Path) -> None:
    (folder / "landing.json").write_text('{"format": 1, "id": 5}')


def no_identity(folder: Path) -> None:
    (folder / "landing.json").unlink()


def foreign_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (unknown_format, "has format 2, this version reads 1; install"),
        (no_json, "landing.json does not identify a landing log; restore"),
        (json_of_others, "landing.json does not identify a landing log; restore"),
        (id_that_is_no_text, "landing.json does not identify a landing log; restore"),
        (no_identity, "segments but no landing.json; restore"),
        (foreign_file, "notes.txt is not part of a landing log; move it away"),
    ],
)
def test_a_folder_that_is_not_a_landing_log_is_left_alone(
    two: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(two)

    with pytest.raises(LandingError, match=message):
        opened(two)


def test_a_file_in_place_of_the_folder_is_an_error(folder: Path) -> None:
    folder.write_text("")

    with pytest.raises(LandingError, match="give the receiver a folder"):
        opened(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_an_error(folder: Path) -> None:
    folder.mkdir(mode=0o500)

    with pytest.raises(LandingError, match="Permission denied; give the receiver a folder"):
        opened(folder)


def test_the_root_of_a_volume_can_be_the_folder(folder: Path) -> None:
    (folder / "lost+found").mkdir(parents=True)
    (folder / ".nfs0001").touch()

    write(folder, [batch(0, 1)])
    assert stored(folder) == lines(0, 1)


# --- a real kill --------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.support.landing import batch, opened
with opened(Path(sys.argv[1]), segment_bytes=5000) as writer:
    start = 10 * writer.events
    while True:
        writer.append(*batch(start, 3))
        writer.append(*batch(start + 30, 3))
        writer.commit()
        start += 60
        print(writer.events, flush=True)
"""


def test_what_was_committed_before_a_kill_is_there_once(folder: Path) -> None:
    answered = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(Path(__file__).parents[4])],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        for _ in range(40):
            answered = int(process.stdout.readline())
        process.kill()
        answered = int((process.stdout.read().splitlines() or [answered])[-1])
        process.wait()

        with LandingWriter.open(folder, identify) as writer:
            assert writer.events >= answered
            assert writer.missing(FileRange("access.log", 0, 10 * writer.events, 0, 0)) == []
        assert stored(folder) == lines(0, Landing(folder).latest())
    assert json.loads((folder / "landing.json").read_text())["format"] == 1
