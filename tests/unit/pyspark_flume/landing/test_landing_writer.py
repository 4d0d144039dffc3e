"""Appending, committing, and disks that fail."""

import errno
import os
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from pyspark_flume.errors import LandingError, LandingWriteFailed
from pyspark_flume.landing import FileRange, Landing, LandingWriter, disk
from pyspark_flume.landing.segment_writer import write_all

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

ALL = FileRange("access.log", 0, 1000, 0, 0)


class FailingDisk:
    """Makes a call of `os` or `disk` fail after `after` calls, until `repaired`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, call: str, after: int = 0) -> None:
        self.left: float = after
        self.partly = call == "pwritev"
        module = disk if call == "fdatasync" else os
        real = getattr(module, call)

        def failing(*arguments: object) -> object:
            self.left -= 1
            if self.left < 0:
                if self.partly:  # a disk that fills up writes a part first
                    descriptor, buffers, position = arguments
                    os.pwrite(descriptor, bytes(buffers[0])[:3], position)  # type: ignore
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments)

        monkeypatch.setattr(module, call, failing)

    def repaired(self) -> None:
        self.left = float("inf")


# --- committing ---------------------------------------------------------------------------------


def test_readers_see_a_batch_once_it_is_committed(folder: Path) -> None:
    with opened(folder) as writer:
        writer.append(*batch(0, 2))
        writer.append(*batch(20, 3))
        assert (writer.events, Landing(folder).latest()) == (0, 0)

        writer.commit()
        assert (writer.events, Landing(folder).latest()) == (5, 5)
    assert [block.count for block in Landing(folder).blocks(0, 5)] == [2, 3]
    assert stored(folder) == lines(0, 5)


def test_the_index_is_written_after_the_segment_is_on_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder) as writer:
        visible = []
        monkeypatch.setattr(disk, "fdatasync", lambda _: visible.append(Landing(folder).latest()))
        for start in (0, 20):
            writer.append(*batch(start, 2))
            writer.commit()
    assert visible == [0, 2]


def test_a_batch_without_events_is_ignored(folder: Path) -> None:
    with opened(folder) as writer:
        size = segment_paths(folder)[0].stat().st_size
        writer.append(b"", 0, [])
        writer.commit()
    assert segment_paths(folder)[0].stat().st_size == size


def test_a_batch_that_cannot_hold_its_events_is_refused(folder: Path) -> None:
    with opened(folder) as writer:
        for count in (1, 2, 3):
            writer.append(bytes(2 * count), count, [])  # empty events
            reason = f"{count} events cannot be in {2 * count - 1} bytes"
            with pytest.raises(ValueError, match=reason):
                writer.append(bytes(2 * count - 1), count, [])
        writer.commit()
    assert Landing(folder).latest() == 6


def test_more_batches_than_one_write_takes_are_stored(folder: Path) -> None:
    with opened(folder) as writer:
        for start in range(0, 20_000, 10):
            writer.append(*batch(start, 1))
        writer.commit()
    assert stored(folder) == lines(0, 2000)


def test_a_short_write_continues_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda fd, bufs, at: real(fd, [bytes(bufs[0])[:2]], at))
    with (tmp_path / "file").open("wb") as file:
        write_all(file.fileno(), [b"abc", memoryview(b"defgh"), b"", b"i"], 2)

    assert (tmp_path / "file").read_bytes() == b"\0\0abcdefghi"


def test_arrival_never_goes_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(folder) as writer:
        for now in (5_000_000_000_000, 4_000_000_000_000, 6_000_000_000_000):
            monkeypatch.setattr("time.time_ns", lambda now=now: now * 1_000_000)
            writer.append(*batch(0, 1))
            writer.commit()
    arrivals = [block.arrival_ms for block in Landing(folder).blocks(0, 3)]
    assert arrivals == [5_000_000_000_000, 5_000_000_000_000, 6_000_000_000_000]


# --- segments -----------------------------------------------------------------------------------


def test_a_full_segment_is_followed_by_another(folder: Path) -> None:
    write(folder, [batch(10 * i, 1) for i in range(5)], segment_bytes=1)

    assert [int(path.stem) for path in segment_paths(folder)] == [0, 1, 2, 3, 4]
    assert stored(folder) == lines(0, 5)


def test_ranges_seen_outlive_the_segments(folder: Path) -> None:
    """Only the last segment is read at a start; its header knows the rest."""
    write(folder, [batch(10 * i, 1) for i in range(5)], segment_bytes=1)
    for path in [*folder.glob(f"{0:020d}.*"), *folder.glob(f"{1:020d}.*")]:
        path.unlink()

    with opened(folder) as writer:
        assert writer.missing(ALL) == [(50, 1000)]


def test_only_the_last_segment_is_read_at_a_start(folder: Path) -> None:
    write(folder, [batch(10 * i, 1) for i in range(5)], segment_bytes=1)
    counts: list[int] = []

    def identify(items: bytes, count: int) -> list[FileRange]:
        counts.append(count)
        return []

    LandingWriter.open(folder, identify).close()
    assert counts == [1]


def test_a_header_promises_nothing_that_is_not_durable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment begins before the batch in hand is on disk."""
    with opened(folder, segment_bytes=1) as writer:
        writer.append(*batch(0, 1))
        writer.commit()
        disk = FailingDisk(monkeypatch, "fdatasync", after=3)  # index, header, index: then fail
        writer.append(*batch(10, 1))
        with pytest.raises(LandingWriteFailed):
            writer.commit()
        disk.repaired()
    assert len(segment_paths(folder)) == 2
    with opened(folder) as writer:
        assert writer.missing(ALL) == [(10, 1000)]


# --- sent again ---------------------------------------------------------------------------------


def test_ranges_seen_are_known_at_once_and_after_a_restart(folder: Path) -> None:
    with opened(folder) as writer:
        writer.append(*batch(0, 3))
        assert writer.missing(batch(10, 4)[2][0]) == [(30, 50)]
        assert writer.missing(FileRange("access.log", 10, 20, 0, 0)) == []
        assert writer.missing(FileRange("access.log", 30, 40, 0, 0)) == [(30, 40)]
        writer.commit()
    with opened(folder) as writer:
        assert writer.missing(batch(10, 4)[2][0]) == [(30, 50)]


def test_beyond_the_limit_the_oldest_files_are_forgotten(folder: Path) -> None:
    with LandingWriter.open(folder, identify, files_max=2) as writer:
        for file in "abc":
            writer.append(*batch(0, 1, file))
        missing = {file: writer.missing(FileRange(file, 0, 10, 0, 0)) for file in "abc"}
        assert missing == {"a": [(0, 10)], "b": [], "c": []}


# --- disks that fail ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "after"),
    [("pwritev", 0), ("fdatasync", 0), ("pwritev", 1), ("pwritev", 2)],
    ids=["blocks", "sync", "index", "index's first entry"],
)
def test_a_failed_commit_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: int
) -> None:
    with opened(folder) as writer:
        writer.append(*batch(0, 2))
        writer.commit()
        sizes = {path: path.stat().st_size for path in folder.glob("0*")}
        disk = FailingDisk(monkeypatch, call, after)
        writer.append(*batch(20, 2))
        writer.append(*batch(40, 2))

        with pytest.raises(LandingWriteFailed, match=r"avro: No space left on device; free space"):
            writer.commit()

        assert {path: path.stat().st_size for path in folder.glob("0*")} == sizes
        assert (writer.events, Landing(folder).latest()) == (2, 2)
        assert writer.missing(ALL) == [(20, 1000)]
        disk.repaired()
        writer.append(*batch(20, 3))
        writer.commit()
    assert stored(folder) == lines(0, 5)


def test_the_remains_of_a_failed_write_are_cut_off_later_if_not_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder) as writer:
        disk = FailingDisk(monkeypatch, "fdatasync")
        cutting = FailingDisk(monkeypatch, "ftruncate")
        for _ in range(2):
            writer.append(*batch(0, 5))
            with pytest.raises(LandingWriteFailed):
                writer.commit()
        disk.repaired()
        writer.append(*batch(0, 1))
        with pytest.raises(LandingWriteFailed):
            writer.commit()
        cutting.repaired()
        writer.append(*batch(0, 2))
        writer.commit()
    assert stored(folder) == lines(0, 2)
    with opened(folder) as writer:
        assert writer.events == 2


@pytest.mark.parametrize("after", range(8))
def test_a_segment_that_cannot_be_created_is_created_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    with opened(folder, segment_bytes=1) as writer:
        writer.append(*batch(0, 2))
        writer.commit()
        failing = "pwritev" if after < 4 else "fdatasync"
        disk = FailingDisk(monkeypatch, failing, after % 4)
        writer.append(*batch(20, 2))
        with pytest.raises(LandingWriteFailed):
            writer.commit()
        assert (writer.events, Landing(folder).latest()) == (2, 2)
        disk.repaired()
        writer.append(*batch(20, 2))
        writer.commit()
    assert stored(folder) == lines(0, 4)
    with opened(folder) as writer:
        assert writer.missing(ALL) == [(40, 1000)]


def test_a_time_is_found_although_the_last_segment_has_no_events(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(1000, 1000)  # ms
    monkeypatch.setattr("time.time_ns", lambda: next(clock) * 1_000_000)
    with opened(folder, segment_bytes=1) as writer:
        for _ in range(3):
            writer.append(*batch(10 * writer.events, 1))
            writer.commit()
        disk = FailingDisk(monkeypatch, "pwritev", 2)  # only the new segment's header fits
        writer.append(*batch(30, 1))
        with pytest.raises(LandingWriteFailed):
            writer.commit()
        log = Landing(folder)
        assert [info.first for info in log.segments()] == [0, 1, 2, 3]
        first, _, third = (info.last_arrival_ms for info in log.segments()[:3])
        assert [log.at(ms) for ms in (0, first + 1, third, third + 1)] == [0, 1, 2, 3]
        disk.repaired()


def test_a_time_is_the_end_while_there_is_no_event(folder: Path) -> None:
    with opened(folder):
        assert Landing(folder).at(0) == 0


@pytest.mark.parametrize("suffix", [".index", ".avro"])
def test_a_segment_that_cannot_be_opened_leaves_no_file_and_nothing_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    real = os.open

    def failing(path: Path, *arguments: int) -> int:
        if Path(path).suffix == suffix:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return real(path, *arguments)

    with opened(folder, segment_bytes=1) as writer:
        writer.append(*batch(0, 2))
        writer.commit()
        before = open_files()
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", failing)
            writer.append(*batch(20, 2))
            with pytest.raises(LandingWriteFailed, match="Too many open files"):
                writer.commit()
        assert open_files() == before
        assert len(list(folder.glob("0*"))) == 2


@pytest.mark.parametrize("begun", [False, True], ids=["create", "resume"])
def test_a_log_that_cannot_be_opened_leaves_nothing_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    if begun:
        write(folder, [batch(0, 2)])
    before = open_files()
    with monkeypatch.context() as patch:
        FailingDisk(patch, "fdatasync")
        with pytest.raises(LandingError, match="No space left on device"):
            opened(folder)
    assert open_files() == before


def during_a_failing_commit(
    writer: LandingWriter, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> None:
    """Make a commit fail, and call `act` in another thread while it runs."""

    def failing(descriptor: int) -> None:
        thread = threading.Thread(target=act)
        thread.start()
        thread.join()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(disk, "fdatasync", failing)
        with pytest.raises(LandingWriteFailed, match="Input/output error"):
            writer.commit()


def test_a_batch_appended_during_a_failing_commit_fails_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder) as writer:
        writer.append(*batch(0, 2))
        during_a_failing_commit(writer, monkeypatch, lambda: writer.append(*batch(20, 2)))
        assert writer.missing(ALL) == [(0, 1000)]

        with pytest.raises(LandingWriteFailed):  # else the second batch would be answered OK
            writer.commit()
        writer.append(*batch(0, 1))
        writer.commit()
    assert stored(folder) == lines(0, 1)


def test_a_duplicate_of_a_batch_that_failed_is_not_answered_ok(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder) as writer:
        writer.append(*batch(0, 2))
        asked = []
        during_a_failing_commit(writer, monkeypatch, lambda: asked.append(writer.missing(ALL)))
        assert asked == [[(20, 1000)]]

        with pytest.raises(LandingWriteFailed):
            writer.commit()
        writer.commit()


def test_a_batch_appended_while_another_is_written_waits_for_its_commit(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder) as writer:
        writer.append(*batch(0, 2))
        with monkeypatch.context() as patch:
            patch.setattr(disk, "fdatasync", lambda _: writer.append(*batch(20, 2)))
            writer.commit()
        assert stored(folder) == lines(0, 2)
        writer.commit()
    assert stored(folder) == lines(0, 4)


def test_what_is_discarded_is_not_stored_and_makes_no_commit_fail(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder) as writer:
        writer.append(*batch(0, 2))
        during_a_failing_commit(writer, monkeypatch, lambda: writer.append(*batch(20, 2)))
        writer.append(*batch(40, 2))
        writer.discard()
        assert writer.missing(ALL) == [(0, 1000)]
        writer.append(*batch(0, 1))
        writer.commit()
    assert stored(folder) == lines(0, 1)


def test_a_lock_that_cannot_be_written_is_released(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(LandingError, match="No space left on device"):
            opened(folder)
    with opened(folder):
        pass


def test_a_log_that_was_deleted_is_not_written_to(folder: Path) -> None:
    with opened(folder) as writer:
        for path in folder.glob("*"):
            path.unlink()
        writer.append(*batch(0, 2))
        with pytest.raises(LandingWriteFailed, match="was deleted"):
            writer.commit()


def test_a_failure_of_the_program_itself_forgets_as_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise MemoryError

    with opened(folder) as writer:
        writer.append(*batch(0, 2))
        with monkeypatch.context() as patch:
            patch.setattr(disk, "fdatasync", failing)
            with pytest.raises(MemoryError):
                writer.commit()
        assert writer.missing(ALL) == [(0, 1000)]
        writer.append(*batch(0, 1))
        writer.commit()
    assert stored(folder) == lines(0, 1)


def test_a_checksum_covers_the_block(folder: Path) -> None:
    write(folder, [batch(0, 2)])
    path = segment_paths(folder)[0]
    flip(path, path.stat().st_size - 20)

    with pytest.raises(Exception, match="its checksum differs from the index"):
        stored(folder)
