"""When a file is due, and when to stop."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable


class Pace:
    """Counts every deadline from the start of the run, so that delays never add up."""

    def __init__(
        self, lines_per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """A rate of 0 makes everything due at once."""
        self._rate = lines_per_second
        self._clock = clock
        self._start = clock()

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    def seconds_until_due(self, lines: int) -> float:
        """How long until the last of the first `lines` lines is due; 0 if it is."""
        return max(0.0, lines / self._rate - self.elapsed()) if self._rate else 0.0


class Stop:
    """The wish to end, by SIGTERM or SIGINT. Nothing is interrupted by it but the waits here."""

    def __init__(self) -> None:
        self.signal: str | None = None  # the name of the first one
        # A pipe, because a signal that comes just before a sleep must end that sleep, too.
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._woken, False)

    def listen(self) -> None:
        """Begin to take the two signals; call it in the main thread."""
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def fileno(self) -> int:
        """So that `select` can wait for the wish, too: there is something to read then."""
        return self._wake

    def wait(self, seconds: float | None = None) -> None:
        """Return once the wish is there or the time is over; None waits for ever."""
        select.select([self._wake], [], [], seconds)

    def wait_for_input(self, file: int) -> bool:
        """Return once this descriptor has something to read, or its end, or the wish is there.

        False if there is but the wish.
        """
        ready, _, _ = select.select([self._wake, file], [], [])
        return file in ready

    def _note(self, number: int, frame: object) -> None:
        self.signal = self.signal or signal.Signals(number).name
