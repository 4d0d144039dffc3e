"""Replaying a log: its lines as they are, from a file or from standard input."""

from __future__ import annotations

import sys
from io import BufferedReader, FileIO, RawIOBase
from itertools import islice
from pathlib import Path
from typing import Any

from loadgen.errors import UsageError, named
from loadgen.pace import Stop
from loadgen.scenarios import Batch, Scenario

STDIN = Path("-")
BUFFER_BYTES = 1 << 20
READABLE = "give a file that can be read"


class Replay:
    """A log that is read from its beginning; `close` it."""

    def __init__(self, path: Path, scenario: Scenario, stop: Stop) -> None:
        """`STDIN` is standard input. Raises UsageError."""
        self._name = "<stdin>" if path == STDIN else str(path)
        with named(self._name, READABLE, UsageError):
            self._raw = _UntilStop(_open(path), stop)
        self._lines = BufferedReader(self._raw, BUFFER_BYTES)
        self._scenario = scenario

    def next_batch(self, lines: int) -> Batch:
        """Up to `lines` lines; none at the end.

        The wish to stop ends a wait for more of them. Raises LoadgenError.
        """
        with named(self._name, READABLE):
            data = b"".join(islice(self._lines, lines))
        if self._raw.stopped:
            data = data[: data.rfind(b"\n") + 1]  # whoever writes may be amid a line
        return self._scenario.account(data)

    def close(self) -> None:
        self._lines.close()


class _UntilStop(RawIOBase):
    """A file that ends once there is the wish to stop and, as in a pipe, nothing to read."""

    def __init__(self, file: FileIO, stop: Stop) -> None:
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
    if sys.stdin is None:  # then descriptor 0 may be any other file by now
        raise UsageError("<stdin>", "It is closed", READABLE)
    return FileIO(sys.stdin.fileno(), closefd=False)
