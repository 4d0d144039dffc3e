"""How large a landing log is, and how far behind each of its consumers is."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyspark_flume.landing.consumers import committed
from pyspark_flume.landing.folder import segments
from pyspark_flume.landing.reader import Landing
from pyspark_flume.landing.retention import last_arrival_ms


@dataclass(frozen=True)
class Lag:
    """How far a consumer is behind the end of the log.

    Spark reports that a micro-batch is done when it begins the next one. So an idle query seems to
    be behind by its last micro-batch.

    :param committed: the offset up to which it has committed
    :param seconds: how long ago the first event arrived that it has not committed; 0 if it is at
        the end
    """

    committed: int
    events: int
    seconds: float


@dataclass(frozen=True)
class Summary:
    """A log at one moment. It has the events `start` to `end` - 1.

    :param length: bytes of all segments
    :param last_arrival: when the last event arrived, in seconds since 1970; None if there was none
    :param lags: by the consumer's name
    """

    segments: int
    length: int
    start: int
    end: int
    last_arrival: float | None
    lags: Mapping[str, Lag]


class LogSummary:
    """Sums up the log of one folder again and again; it remembers what it has read of the index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = Landing(folder)

    def read(self) -> Summary:
        """Look at the log now. Raises `LandingError`."""
        # The consumers first: what they commit meanwhile is not after the end.
        consumers = committed(self._folder)
        start, end = self._log.earliest(), self._log.latest()
        present = segments(self._folder)
        length = 0
        for segment in present:
            with suppress(FileNotFoundError):  # retention has removed it meanwhile
                length += segment.path.stat().st_size
        return Summary(
            segments=len(present),
            length=length,
            start=start,
            end=end,
            last_arrival=last_arrival_ms(present[-1]) / 1000 if present and end else None,
            lags={name: self._lag(events, start, end) for name, events in consumers.items()},
        )

    def _lag(self, committed: int, start: int, end: int) -> Lag:
        """Return the lag; events that retention has removed are no longer waited for."""
        first = max(committed, start)
        if first >= end:
            return Lag(committed, 0, 0.0)
        arrived = self._log.arrival_ms(first) / 1000
        return Lag(committed, end - first, max(0.0, time.time() - arrived))
