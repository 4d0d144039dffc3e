"""Replay a log: send its lines unchanged, from a file or from standard input.

A log that is compressed with gzip, bzip2, xz or zstd is unpacked first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BufferedReader, FileIO, RawIOBase
from itertools import islice
from pathlib import Path
from typing import Any

import unpacked
from loadgen.errors import LoadgenError, UsageError, os_errors_at
from loadgen.scenarios import Batch, Scenario
from loadgen.stop_signal import StopSignal

STDIN = Path("-")
BUFFER_BYTES = 1 << 20
READABLE = "give a file that can be read"


class Replay:
    """A log, read from its beginning; `close` it."""

    def __init__(self, path: Path, scenario: Scenario, stop: StopSignal) -> None:
        """Open the log; `STDIN` is standard input. Raises UsageError."""
        self._name = "<stdin>" if path == STDIN else str(path)
        with os_errors_at(self._name, READABLE, UsageError):
            self._raw = _UntilStop(_open(path), stop)
        self._packed = BufferedReader(self._raw, BUFFER_BYTES)
        self._lines: BufferedReader[Any] | None = None  # opened by the first read, which may wait
        self._scenario = scenario

    def next_batch(self, lines: int) -> Batch:
        """Read up to `lines` lines; the batch has no line at the end of the log.

        A signal to stop ends the wait for more lines. Raises LoadgenError.
        """
        with os_errors_at(self._name, READABLE):
            data = b"".join(self._next_lines(lines))
        if self._raw.stopped:
            data = data[: data.rfind(b"\n") + 1]  # the writer may be in the middle of a line
        return self._scenario.account(data)

    def close(self) -> None:
        self._packed.close()

    def _next_lines(self, lines: int) -> Iterator[bytes]:
        try:
            if self._lines is None:
                self._lines = unpacked.reader(self._packed, self._name)
            yield from islice(self._lines, lines)
        except unpacked.DamagedError as error:
            if not self._raw.stopped:  # else the archive ends early because it is not read on
                raise LoadgenError(self._name, str(error), "give a complete file") from error


class _UntilStop(RawIOBase):
    """A file that ends when a stop is requested and nothing is left to read, as in a pipe."""

    def __init__(self, file: FileIO, stop: StopSignal) -> None:
        self.stopped = False
        self._file = file
        self._stop = stop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self.stopped = self.stopped or not self._stop.wait_for_input(self._file.fileno())
        return 0 if self.stopped else self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _open(path: Path) -> FileIO:
    if path != STDIN:
        return FileIO(path)
    if sys.stdin is None:  # descriptor 0 may be any other file by now
        raise UsageError("<stdin>", "is closed", READABLE)
    return FileIO(sys.stdin.fileno(), closefd=False)
