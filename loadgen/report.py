"""What loadgen prints about a run, for people and for programs."""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

from loadgen.errors import LoadgenError
from loadgen.outlets import Recovered
from loadgen.pace import Pace
from loadgen.scenarios import Batch
from loadgen.stop_signal import StopSignal


class Report:
    """Counts what was sent, and prints it.

    With `as_json`, stdout gets one JSON object and nothing else; the rest goes to stderr.
    """

    def __init__(self, pace: Pace, as_json: bool) -> None:
        self._pace = pace
        self._as_json = as_json
        self._terminal = sys.stderr.isatty()
        self.lines = self.files = self.bytes = self.malformed = 0
        self._names: list[str] = []  # the first and the last

    def add(self, name: str, batch: Batch) -> None:
        """Count a file that was published."""
        self.files += 1
        self.lines += batch.lines
        self.bytes += len(batch.data)
        self.malformed += batch.malformed
        self._names = [*self._names[:1], name]

    def progress(self) -> None:
        """Renew the progress line, if stderr is a terminal."""
        if self._terminal:
            text = f"loadgen: {self.lines:,} lines, {self._speed():,.0f} lines/s"
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def end_progress(self) -> None:
        """Clear the progress line."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def recovered(self, recovered: Recovered) -> None:
        """Print what was cleaned up after a crash, if anything."""
        if recovered != Recovered():
            self.say(
                f"recovered: {recovered.published} files published, {recovered.removed} removed, "
                f"{recovered.torn} bytes cut"
            )

    def summary(self, stop: StopSignal) -> None:
        """Print the totals of the run; at most 80 columns up to 10**9 lines."""
        seconds = self._pace.elapsed()
        speed = self._speed()
        if stop.received:
            self.say(f"stopped by {stop.received}; every file is whole and in the ledger")
        if self._as_json:
            result = {
                "lines": self.lines,
                "files": self.files,
                "bytes": self.bytes,
                "malformed": self.malformed,
                "first_file": self._names[0] if self._names else None,
                "last_file": self._names[-1] if self._names else None,
                "seconds": round(seconds, 3),
                "lines_per_second": round(speed, 1),
                "stopped_by": stop.received,
            }
            print_to(json.dumps(result), sys.stdout)
        else:
            sent = f"{self.lines:,} lines, {self.files:,} files"
            self.say(f"{sent}, {seconds:,.1f} s, {speed:,.0f} lines/s")

    def ready(self) -> None:
        """Print that all is sent and that the process keeps running."""
        self.say("ready; this process runs until SIGTERM")

    def ended(self, stop: StopSignal) -> None:
        """Print why a process that kept running ends."""
        self.say(f"ended by {stop.received}")

    def say(self, text: str) -> None:
        """Print a line for people."""
        print_to(f"loadgen: {text}", sys.stderr if self._as_json else sys.stdout)

    def _speed(self) -> float:
        return self.lines / max(self._pace.elapsed(), 1e-9)


def print_to(text: str, stream: TextIO) -> None:
    """Print a line at once. Raises LoadgenError if it cannot be written."""
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        # Otherwise Python would write the rest again at exit, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise LoadgenError(
            stream.name, error.strerror or str(error), "send it elsewhere; the ledger is complete"
        ) from error
