"""What is told of a log at one moment, and how far behind its consumers are."""

from pathlib import Path

import pytest
from pyspark_flume.landing import Lag, LogSummary, Retention, Summary, commit

from tests.support.landing import batch, opened, segment_paths


class Clock:
    """The time that the log sees."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("time.time", lambda: self.now)
        monkeypatch.setattr("time.time_ns", lambda: int(self.now * 1e9))


def test_a_log_without_events_has_no_last_arrival(folder: Path) -> None:
    with opened(folder):
        commit(folder, "counts", 0)
        length = segment_paths(folder)[0].stat().st_size

        assert LogSummary(folder).read() == Summary(1, length, 0, 0, None, {"counts": Lag(0, 0, 0)})


def test_a_lag_is_what_has_not_been_committed_and_is_still_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    with opened(folder, segment_bytes=1) as writer:
        for clock.now in (100.0, 200.0, 300.0):
            writer.append(*batch(20 * writer.events, 2))
            writer.commit()
        clock.now = 1000.0
        for consumer, events in (("first", 0), ("third", 3), ("last", 5), ("done", 6)):
            commit(folder, consumer, events)
        log = LogSummary(folder)

        assert log.read().lags == {
            "first": Lag(0, 6, 900.0),
            "third": Lag(3, 3, 800.0),
            "last": Lag(5, 1, 700.0),
            "done": Lag(6, 0, 0.0),
        }
        writer.retain(Retention(age_ms=850_000))
        after = log.read()
        clock.now = 0.0  # the clock is set back
        set_back = log.read()

    length = sum(path.stat().st_size for path in segment_paths(folder))
    assert (after.segments, after.length, after.start, after.end) == (2, length, 2, 6)
    assert after.last_arrival == 300.0
    assert after.lags["first"] == Lag(0, 4, 800.0)
    assert set_back.lags["third"] == Lag(3, 3, 0.0)
