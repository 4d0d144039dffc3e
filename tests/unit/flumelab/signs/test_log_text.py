"""The times of a log's lines."""

from __future__ import annotations

from datetime import UTC, datetime

from flumelab.signs.log_text import log_lines

WRITTEN = datetime(2026, 11, 28, 0, 0, 30, tzinfo=UTC).timestamp()


def times(text: str, offset: int = 0) -> list[str | None]:
    return [
        datetime.fromtimestamp(line.at, UTC).strftime("%d %H:%M:%S") if line.at else None
        for line in log_lines(text, WRITTEN, offset)
    ]


def test_a_clock_without_a_date_counts_back_over_midnight() -> None:
    text = "at once\n23:59:58.250 INFO  a\n00:00:10 WARN  b\nmore\n00:00:29,9 INFO c"
    assert times(text) == [None, "27 23:59:58", "28 00:00:10", "28 00:00:10", "28 00:00:29"]


def test_a_log_over_several_days_keeps_its_order() -> None:
    text = "12:00:00 a\n11:00:00 b\n11:00:00 c\n10:00:00 d"
    assert times(text) == ["25 12:00:00", "26 11:00:00", "26 11:00:00", "27 10:00:00"]


def test_a_clock_ahead_of_utc_is_read_so() -> None:
    assert times("01:00:20 a", 3600) == ["28 00:00:20"]
    assert times("2026-11-28 00:59:20,100 INFO a", 3600) == ["27 23:59:20"]
    assert times("26/11/28 00:00:20 WARN A: b") == ["28 00:00:20"]
