"""When the next lines are due, at a given rate."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Counts every deadline from the start of the run, so delays never add up."""

    def __init__(
        self, lines_per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start the clock; a rate of 0 makes every line due at once."""
        self._rate = lines_per_second
        self._clock = clock
        self._start = clock()

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self._clock() - self._start

    def seconds_until_due(self, lines: int) -> float:
        """Return the seconds until the first `lines` lines are all due; 0 if they are."""
        return max(0.0, lines / self._rate - self.elapsed()) if self._rate else 0.0
