"""Reading by offset, by time and by size, while a writer runs."""

import os
import pickle
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest
from pyspark_flume.errors import LandingCorrupt, LandingError, OffsetTooNew, OffsetTooOld
from pyspark_flume.landing import Landing, LandingWriter, Retention, index
from pyspark_flume.landing.avro_container import block_prefix

from tests.support.landing import batch, bodies, flip, lines, opened, segment_paths, stored, write


@pytest.fixture
def log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    """Six batches of 1 to 6 events in three segments, arrived at 1000, 2000, …, 6000 ms."""
    with opened(folder):
        header = segment_paths(folder)[0].stat().st_size
    shutil.rmtree(folder)
    now = 0
    monkeypatch.setattr("time.time_ns", lambda: now * 1_000_000)
    with opened(folder, segment_bytes=header + 130) as writer:
        for count in range(1, 7):
            now = 1000 * count
            writer.append(*batch(10 * writer.events, count))
            writer.commit()
    return Landing(folder)


def firsts(log: Landing, start: int, end: int) -> list[tuple[int, int]]:
    return [(block.first, block.count) for block in log.blocks(start, end)]


def test_the_log_has_its_events_from_earliest_to_latest(log: Landing, folder: Path) -> None:
    assert (log.earliest(), log.latest()) == (0, 21)
    assert stored(folder) == lines(0, 21)
    assert [(i.first, i.end, i.blocks) for i in log.segments()] == [
        (0, 6, 3),
        (6, 15, 2),
        (15, 21, 1),
    ]
    assert [i.length for i in log.segments()] == [p.stat().st_size for p in segment_paths(folder)]
    assert log.segments()[1].last_arrival_ms == 5000


def test_blocks_are_whole_and_overlap_the_range_asked_for(log: Landing) -> None:
    whole = [(0, 1), (1, 2), (3, 3), (6, 4), (10, 5), (15, 6)]
    for start in range(22):
        for end in range(start, 22):
            expected = [
                (first, count) for first, count in whole if first < end and start < first + count
            ]
            assert firsts(log, start, end) == (expected if start < end else [])


def test_a_block_has_the_appended_batch(log: Landing) -> None:
    (block,) = log.blocks(4, 5)

    assert (block.first, block.count, block.arrival_ms) == (3, 3, 3000)
    assert block.items == batch(30, 3)[0]


def test_blocks_are_the_same_with_any_size_of_a_read(
    log: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [bytes(block.items) for block in log.blocks(0, 21)]
    for size in (1, 50, 80, 150):
        monkeypatch.setattr("pyspark_flume.landing.reader.READ_BYTES", size)
        assert [bytes(block.items) for block in log.blocks(0, 21)] == expected


def test_one_read_takes_no_more_than_fits(log: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = os.pread

    def noted(descriptor: int, size: int, at: int) -> bytes:
        sizes.append(size)
        return real(descriptor, size, at)

    blocks = [
        len(block_prefix(block.count, len(block.items))) + len(block.items) + 16
        for block in log.blocks(0, 21)
    ]
    monkeypatch.setattr(os, "pread", noted)
    monkeypatch.setattr("pyspark_flume.landing.reader.READ_BYTES", blocks[0] + blocks[1])
    list(log.blocks(0, 21))

    assert [size for size in sizes if size] == [blocks[0] + blocks[1], *blocks[2:]]


def test_a_short_read_continues_where_it_stopped(
    log: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [bytes(block.items) for block in log.blocks(0, 21)]
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: real(fd, min(size, 7), at))

    assert [bytes(block.items) for block in log.blocks(0, 21)] == expected


@pytest.mark.parametrize(
    ("time_ms", "offset"),
    [(0, 0), (1000, 0), (1001, 1), (3000, 3), (3001, 6), (5001, 15), (6000, 15), (6001, 21)],
)
def test_an_offset_by_time_is_the_first_event_at_or_after_it(
    log: Landing, time_ms: int, offset: int
) -> None:
    assert log.at(time_ms) == offset


def test_a_limit_in_bytes_gives_whole_blocks_and_at_least_one(log: Landing) -> None:
    ends = [1, 3, 6, 10, 15, 21]
    items = [batch(10 * (end - i - 1), i + 1)[0] for i, end in enumerate(ends)]
    sizes = [len(block_prefix(1, len(one))) + len(one) + 16 for one in items]
    for start in (0, 1, 2, 6, 20):
        for limit in range(0, sum(sizes) + 10, 7):
            place = next(i for i, end in enumerate(ends) if end > start)
            expected, left = ends[place], limit - sizes[place]
            for end, size in zip(ends[place + 1 :], sizes[place + 1 :], strict=True):
                left -= size
                if left < 0:
                    break
                expected = end
            assert log.limit_bytes(start, limit) == expected
    assert log.limit_bytes(21, 100) == 21


def test_a_limit_in_bytes_skips_no_block_for_a_smaller_one(folder: Path) -> None:
    batches = [batch(0, 1), batch(10, 5), batch(60, 1)]
    write(folder, batches, segment_bytes=1)
    small, large, _ = (len(block_prefix(n, len(one))) + len(one) + 16 for one, n, _ in batches)

    assert Landing(folder).limit_bytes(0, small + large - 1) == 1
    assert Landing(folder).limit_bytes(0, small + large) == 6


def test_errors_for_offsets_outside_the_log_say_what_to_do(log: Landing, folder: Path) -> None:
    with opened(folder) as writer:
        assert writer.retain(Retention(size_bytes=0)) == 2
    with pytest.raises(OffsetTooOld, match=r"offset 5 of .* is gone, the log begins at 15"):
        log.blocks(5, 16)
    with pytest.raises(OffsetTooOld):
        log.limit_bytes(5, 100)
    with pytest.raises(OffsetTooNew, match=r"has no offset 22, its events end at 21; .* start"):
        log.blocks(15, 22)


def test_a_segment_removed_while_it_is_read_is_too_old(log: Landing, folder: Path) -> None:
    blocks = log.blocks(0, 21)
    next(blocks)
    with opened(folder) as writer:
        writer.retain(Retention(size_bytes=0))

    with pytest.raises(OffsetTooOld):
        list(blocks)


def test_a_recreated_log_has_another_id(log: Landing, folder: Path) -> None:
    before = log.id
    shutil.rmtree(folder)
    write(folder, [batch(0, 2)])

    assert log.id != before
    assert log.latest() == 2


def test_a_folder_without_a_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LandingError, match="holds no landing log; start the receiver"):
        Landing(tmp_path).latest()


def test_a_log_that_cannot_be_read_is_an_error(log: Landing, folder: Path) -> None:
    (folder / "landing.json").unlink()
    (folder / "landing.json").mkdir()

    with pytest.raises(LandingError, match="let this process read"):
        log.latest()


def test_a_log_without_events_is_empty(folder: Path) -> None:
    write(folder, [])
    log = Landing(folder)

    assert (log.earliest(), log.latest(), log.at(0), log.limit_bytes(0, 1)) == (0, 0, 0, 0)
    assert list(log.blocks(0, 0)) == []
    assert log.segments()[0].last_arrival_ms is None


def test_a_reader_can_be_pickled_for_another_process(log: Landing) -> None:
    log.latest()

    assert firsts(pickle.loads(pickle.dumps(log)), 0, 1) == [(0, 1)]  # noqa: S301


def test_every_flipped_bit_in_a_block_is_noticed(folder: Path) -> None:
    write(folder, [batch(0, 2)])
    path = segment_paths(folder)[0]
    size = path.stat().st_size
    for position in range(size - len(batch(0, 2)[0]) - 18, size):
        flip(path, position)
        with pytest.raises(LandingCorrupt, match="checksum differs"):
            stored(folder)
        flip(path, position)


@pytest.mark.parametrize(
    ("field", "change", "reason"),
    [
        ("events", 1, "the index has another count"),
        ("length", 1, "the index has another count"),
        ("position", -1, "a block of .* events in|no sync marker|a number without an end"),
    ],
)
def test_an_index_that_differs_from_its_blocks_is_an_error(
    folder: Path, field: str, change: int, reason: str
) -> None:
    write(folder, [batch(0, 2), batch(20, 2)])
    path = folder / f"{0:020d}.index"
    header, first, second = index.as_objects(index.decode(path.read_bytes())[0])
    wrong = replace(second, **{field: getattr(second, field) + change})
    with segment_paths(folder)[0].open("ab") as file:
        file.write(b"\0")
    there = segment_paths(folder)[0].read_bytes()[wrong.position :][: wrong.length]
    entries = (header, first, replace(wrong, crc=crc32(there)))
    path.write_bytes(b"".join(entry.encode() for entry in entries))

    with pytest.raises(LandingCorrupt, match=f"damaged at byte {wrong.position}: .*({reason})"):
        list(Landing(folder).blocks(0, 4))


def test_a_damaged_index_of_an_older_segment_is_an_error(log: Landing, folder: Path) -> None:
    flip(folder / f"{6:020d}.index", 50)

    assert firsts(log, 0, 6) == [(0, 1), (1, 2), (3, 3)]
    with pytest.raises(LandingCorrupt, match=r"index is damaged or lost; remove it and restart"):
        firsts(log, 6, 15)


def test_readers_see_only_whole_batches_in_order_while_a_writer_runs(folder: Path) -> None:
    writer = opened(folder, segment_bytes=3000)
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        log, offset = Landing(folder), 0
        try:
            while offset < 3000:
                end = log.latest()
                found = [body for block in log.blocks(offset, end) for body in bodies(block.items)]
                if found != lines(10 * offset, end - offset):
                    wrong.append((offset, end, found))
                    return
                offset = end
        except Exception as error:
            wrong.append(error)

    def remove(writer: LandingWriter) -> None:
        while not done.is_set():
            log = Landing(folder)
            try:
                earliest = log.earliest()
                list(log.blocks(earliest, log.latest()))
                log.at(2**50)
                log.segments()
            except OffsetTooOld:
                pass
            except Exception as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=read), threading.Thread(target=remove, args=[writer])]
    with writer:
        for thread in threads:
            thread.start()
        for start in range(0, 30_000, 60):
            writer.append(*batch(start, 3))
            writer.append(*batch(start + 30, 3))
            writer.commit()
        threads[0].join()
        for left in range(20_000, 0, -1000):
            writer.retain(Retention(size_bytes=left))
        done.set()
        threads[1].join()
    assert wrong == []
