"""A header `timestamp` that is no time is warned of once, with its value."""

from __future__ import annotations

import logging

import pytest
from pyspark_flume.events.event_positions import scan_events
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.timestamp_check import TimestampCheck


def warnings(caplog: pytest.LogCaptureFixture, *values: str | None) -> list[str]:
    """Give the check a batch with each value, and return what it logs."""
    check = TimestampCheck()
    with caplog.at_level(logging.WARNING):
        for value in values:
            headers = {"host": "a"} if value is None else {"host": "a", "timestamp": value}
            data = b"".join(encode_event(headers, b"body") for _ in range(40))
            check.look(scan_events(data, 40))
    return caplog.messages


def test_a_time_as_text_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    text = "17/May/2015:10:05:03 +0000"
    assert warnings(caplog, None, text, text, "12") == [
        f"header timestamp = '{text}': it is no number of milliseconds since 1970, so the column "
        "timestamp has the time of arrival; let RegexExtractorInterceptorMillisSerializer write "
        "the header, or parse headers['timestamp'] in your query"
    ]


def test_seconds_are_told_from_milliseconds(caplog: pytest.LogCaptureFixture) -> None:
    (warning,) = warnings(caplog, "1431857103")
    assert "'1431857103': it seems to be in seconds" in warning
    assert "the column timestamp has 17 January 1970" in warning


@pytest.mark.parametrize("value", ["1431857103000", "100000000000", "253402300799999"])
def test_milliseconds_are_right(caplog: pytest.LogCaptureFixture, value: str) -> None:
    assert warnings(caplog, value) == []


@pytest.mark.parametrize("value", ["", "-1", "12.5", "9" * 18, "9" * 9000, "x" * 1000, "\x00"])
def test_what_is_no_time_is_shown_in_one_short_line(
    caplog: pytest.LogCaptureFixture, value: str
) -> None:
    (warning,) = warnings(caplog, value)
    assert len(warning) < 320
    assert warning.isprintable()


@pytest.mark.parametrize(("value", "shown"), [("x" * 60, "x" * 60), ("x" * 61, "x" * 60 + "…")])
def test_of_a_long_value_the_beginning_is_shown(
    caplog: pytest.LogCaptureFixture, value: str, shown: str
) -> None:
    (warning,) = warnings(caplog, value)
    assert warning.startswith(f"header timestamp = '{shown}': it is no number")


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("99999999999", "it seems to be in seconds"),
        ("0", "the column timestamp has 1 January 1970"),
        ("253402300800000", "it is no number of milliseconds"),
    ],
)
def test_the_first_number_outside_of_the_limits_is_warned_of(
    caplog: pytest.LogCaptureFixture, value: str, fact: str
) -> None:
    (warning,) = warnings(caplog, value)
    assert fact in warning
