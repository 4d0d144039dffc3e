"""Warns once of a header `timestamp` that is no time, because a query would not notice.

The column `timestamp` then has the time of arrival, or a day in January 1970.
"""

import logging
from datetime import UTC, datetime

from pyspark_flume.events.bulk_read import DIGITS_MAX, TIMESTAMP_MS_MAX
from pyspark_flume.events.event_positions import EventColumns, find_header, slice_events

log = logging.getLogger(__name__)

MS_MIN = 100_000_000_000
"""3 March 1973 in milliseconds, the year 5138 in seconds: what is below is in seconds."""
SHOWN_BYTES_MAX = 60


class TimestampCheck:
    """Looks at the first event of each batch until it has found a value to warn of."""

    def __init__(self) -> None:
        self._warned = False

    def look(self, events: EventColumns) -> None:
        """Log a warning with the value if it is no number of milliseconds since 1970."""
        if self._warned or not events.count:
            return
        first = slice_events(events, 0, 1)
        header = int(find_header(first, b"timestamp")[0])
        if header < 0:
            return
        value = bytes(first.data[first.value_starts[header] : first.value_ends[header]])
        if fact := _fact(value):
            self._warned = True
            log.warning("header timestamp = %s: %s", _shown(value), fact)


def _fact(value: bytes) -> str:
    if not value.isdigit() or len(value) > DIGITS_MAX or int(value) > TIMESTAMP_MS_MAX:
        return (
            "it is no number of milliseconds since 1970, so the column timestamp has the time of "
            "arrival; let RegexExtractorInterceptorMillisSerializer write the header, or parse "
            "headers['timestamp'] in your query"
        )
    if int(value) >= MS_MIN:
        return ""
    day = datetime.fromtimestamp(int(value) / 1000, UTC)
    return (
        f"it seems to be in seconds, but is read as milliseconds since 1970, so the column "
        f"timestamp has {day:%-d %B %Y}; write milliseconds, or use timestamp_seconds(bigint("
        "headers['timestamp'])) in your query"
    )


def _shown(value: bytes) -> str:
    text = value[:SHOWN_BYTES_MAX].decode("utf-8", "replace")
    return repr(text + "…" if len(value) > SHOWN_BYTES_MAX else text)
