"""Which segments retention removes, and when."""

import errno
from pathlib import Path

import pytest
from pyspark_flume.errors import LandingError, RetentionInvalid
from pyspark_flume.landing import Landing, Retention, commit, committed

from tests.support.landing import batch, lines, opened, segment_paths, stored

DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "retention"),
    [
        ("keep", Retention()),
        ("commit", Retention(committed=True)),
        ("7d", Retention(age_ms=7 * DAY)),
        ("12h", Retention(age_ms=DAY // 2)),
        ("30min", Retention(age_ms=1_800_000)),
        ("10g", Retention(size_bytes=10 * 1024**3)),
        ("500MB", Retention(size_bytes=500 * 1024**2)),
        ("1t", Retention(size_bytes=1024**4)),
        (" commit, 7d,10gb", Retention(True, 7 * DAY, 10 * 1024**3)),
    ],
)
def test_a_retention_is_parsed(text: str, retention: Retention) -> None:
    assert Retention.parse(text) == retention


@pytest.mark.parametrize("text", ["", "7", "d", "30m", "-1d", "keep,7d", "commit;7d", "1.5g"])
def test_a_text_that_is_not_a_retention_is_refused(text: str) -> None:
    with pytest.raises(RetentionInvalid, match="is not valid; write keep, or commit, an age"):
        Retention.parse(text)


@pytest.fixture
def five(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five segments of two events each, arrived on days 1, 2, …, 5; it is day 5 now."""
    now = 0
    monkeypatch.setattr("time.time_ns", lambda: now * 1_000_000)
    with opened(folder, segment_bytes=1) as writer:
        for day in range(1, 6):
            now = DAY * day
            writer.append(*batch(20 * (day - 1), 2))
            writer.commit()
    return folder


def earliest_after(folder: Path, retention: str) -> int:
    with opened(folder) as writer:
        before = len(segment_paths(folder))
        assert writer.retain(Retention.parse(retention)) == before - len(segment_paths(folder))
    log = Landing(folder)
    assert log.latest() == 10
    assert stored(folder) == lines(10 * log.earliest(), 10 - log.earliest())
    assert len(list(folder.glob("*.index"))) == len(segment_paths(folder))
    return log.earliest()


def test_by_age_a_segment_is_removed_when_its_last_event_is_older(five: Path) -> None:
    assert earliest_after(five, "2d") == 4
    assert earliest_after(five, "1h") == 8  # the last one always stays


def test_by_size_the_oldest_are_removed_until_the_rest_fits(five: Path) -> None:
    sizes = [path.stat().st_size for path in segment_paths(five)]
    with opened(five) as writer:
        assert writer.retain(Retention(size_bytes=sum(sizes))) == 0
        assert writer.retain(Retention(size_bytes=sum(sizes) - 1)) == 1
        assert writer.retain(Retention(size_bytes=sum(sizes[3:]))) == 2
        assert writer.retain(Retention(size_bytes=0)) == 1
    assert Landing(five).earliest() == 8


def test_by_commit_a_segment_is_removed_when_every_consumer_has_passed_it(five: Path) -> None:
    assert earliest_after(five, "commit") == 0  # no consumer: nobody has read it
    commit(five, "counts", 7)
    assert earliest_after(five, "commit") == 6
    commit(five, "late", 2)
    commit(five, "counts", 10)
    assert earliest_after(five, "commit") == 6
    commit(five, "late", 10)
    assert earliest_after(five, "commit") == 8


def test_of_several_conditions_the_first_that_is_true_counts(five: Path) -> None:
    commit(five, "late", 2)

    assert earliest_after(five, "commit,3d") == 2
    assert earliest_after(five, "commit,2d") == 4


def test_a_segment_of_one_event_is_kept_until_a_consumer_has_passed_it(folder: Path) -> None:
    with opened(folder, segment_bytes=1) as writer:
        for start in (0, 10, 20):
            writer.append(*batch(start, 1))
            writer.commit()
        assert writer.retain(Retention(age_ms=DAY)) == 0
        assert writer.retain(Retention(committed=True)) == 0
        commit(folder, "counts", 1)
        assert writer.retain(Retention(committed=True)) == 1


def test_keep_removes_nothing(five: Path) -> None:
    commit(five, "counts", 10)

    assert earliest_after(five, "keep") == 0


def test_a_consumer_is_known_by_its_last_commit(five: Path) -> None:
    commit(five, "a", 3)
    commit(five, "a", 5)
    commit(five, "b.c-d_1", 2)

    assert committed(five) == {"a": 5, "b.c-d_1": 2}
    assert sorted(path.name for path in (five / "consumers").iterdir()) == [
        "a.json",
        "b.c-d_1.json",
    ]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a b", "ä", "x" * 65, "a\n", ".hidden"])
def test_a_name_that_could_leave_the_folder_is_refused(five: Path, name: str) -> None:
    with pytest.raises(LandingError, match="is not a valid name; use 1 to 64 of"):
        commit(five, name, 1)


def test_a_consumers_file_that_is_damaged_stops_removal(five: Path) -> None:
    commit(five, "a", 10)
    (five / "consumers" / "a.json").write_text("{")

    with opened(five) as writer, pytest.raises(LandingError, match="remove it if that query"):
        writer.retain(Retention(committed=True))
    assert Landing(five).earliest() == 0


def test_on_a_full_disk_a_commit_stays_as_it_was_and_the_query_continues(
    five: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    commit(five, "counts", 2)
    with monkeypatch.context() as disk:
        disk.setattr("pyspark_flume.landing.consumers.write_atomically", full)
        commit(five, "counts", 4)
    assert committed(five) == {"counts": 2}
    commit(five, "counts", 5)
    assert committed(five) == {"counts": 5}


def test_a_commit_into_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LandingError, match="let the query write there"):
        commit(tmp_path / "gone", "a", 1)
