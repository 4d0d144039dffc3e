"""Reads the times of a log's lines, which have a clock but no date."""

import re
from collections.abc import Iterable

from flumelab.signs.snapshot import LogLine

_CLOCK = re.compile(r"(?:\d{4}-\d\d-\d\d |\d\d/\d\d/\d\d )?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))? ")
DAY = 86_400


def log_lines(text: str, written: float, utc_offset: int = 0) -> list[LogLine]:
    """Return the lines of a log in which a line begins with ``14:03:21`` or a date and a time.

    A line without a time has that of the line before, because it belongs to it.

    :param written: when the log was last written, in seconds since 1970: no line is younger
    :param utc_offset: seconds by which the log's clock is ahead of UTC
    """
    lines = text.splitlines()
    found: list[LogLine] = []
    latest, day = written, 0.0
    for line in reversed(lines):
        if clock := _CLOCK.match(line):
            hours, minutes, seconds = (int(part) for part in clock.groups()[:3])
            of_day = hours * 3600 + minutes * 60 + seconds + float(f"0.{clock[4] or 0}")
            day = (latest + 1 + utc_offset) // DAY * DAY - utc_offset
            at = day + of_day
            latest = at if at <= latest + 1 else at - DAY
            found.append(LogLine(latest, line))
        else:
            found.append(LogLine(None, line))
    return list(_inherited(reversed(found)))


def _inherited(lines: Iterable[LogLine]) -> Iterable[LogLine]:
    last = None
    for line in lines:
        last = line.at or last
        yield LogLine(last, line.text)
