"""Bringing files to Flume: whole, under a name used once, and never without their ledger entry.

The order is the promise. Under a lock: write `.NAME.tmp` (Flume's spooling directory source passes
over names with a leading dot) and fsync it; append the entry to the ledger and fsync it; rename to
NAME and fsync the directory. Whenever a process dies in between, the next one can tell from the
ledger whether the file counts, and finishes or removes it. One spool directory has one ledger.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.errors import LoadgenError, named
from loadgen.ledger import NAME, Entry, Ledger, sync_directory
from loadgen.outlets.outlet import Recovered
from loadgen.scenarios import Batch

# access-log-000001.log, as it stands while it is written, and once Flume has read it.
TEMPORARY = re.compile(rf"\.(?P<name>{NAME.pattern})\.tmp")
COMPLETED = ".COMPLETED"

WRITABLE = "let loadgen's user write there"


class Spool:
    """A spool directory with its ledger. Several processes may share the two."""

    def __init__(self, directory: Path, ledger: Path) -> None:
        self._directory = directory
        self._ledger_path = ledger
        self._ledger = Ledger(ledger)

    def recover(self) -> Recovered:
        """Finish or remove what a crash has left; call it before the first `publish`.

        Raises LoadgenError.
        """
        with self._locked():
            if not os.access(self._directory, os.W_OK | os.X_OK):
                raise LoadgenError(self._directory, "Not writable", WRITABLE)
            torn = self._ledger.catch_up()
            recovered = self._finish_or_remove()
        recovered.torn = torn
        return recovered

    def publish(self, batch: Batch, stem: str) -> str:
        """Make a file of the batch and return its name, STEM-NUMBER.log.

        Raises LoadgenError; then the file is neither in the directory nor in the ledger, unless
        it was the last step that failed, making the rename durable. ValueError for a batch
        without a line: Flume would make one empty event of an empty file.
        """
        if not batch.data:
            raise ValueError("an empty batch")
        with self._locked():
            known = len(self._ledger.names)
            if self._ledger.catch_up() or len(self._ledger.names) != known:
                self._finish_or_remove()  # another process wrote, and may have died
            name = self._next_name(stem)
            path = self._directory / name
            temporary = self._directory / f".{name}.tmp"
            try:
                with named(path, WRITABLE):
                    _write(temporary, batch.data)
                with named(self._ledger_path, WRITABLE):
                    self._ledger.append(Entry.of(name, batch))
                with named(path, "leave hidden files to loadgen"):
                    temporary.rename(path)
            except BaseException:
                # In this order: a temporary file without an entry is removed at the next start.
                self._ledger.take_back()
                temporary.unlink(missing_ok=True)
                raise
            sync_directory(self._directory)
            self._ledger.catch_up()  # so that this entry is no news to the next call
        return name

    def close(self) -> None:
        """Nothing is held between two files."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep every other loadgen off the directory and off the ledger."""
        with named(self._directory, "give a directory that exists with --spool"):
            fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with named(self._directory, "check its disk"):
                fcntl.flock(fd, fcntl.LOCK_EX)
                with (
                    named(self._ledger_path, "give a file that can be written with --ledger"),
                    self._ledger.locked(),
                ):
                    yield
        finally:
            os.close(fd)

    def _finish_or_remove(self) -> Recovered:
        """Settle temporary files: under the lock, they can only be a dead process's."""
        recovered = Recovered()
        with named(self._directory, WRITABLE):
            for path in sorted(self._directory.iterdir()):
                if not (temporary := TEMPORARY.fullmatch(path.name)):
                    self._ledger.reserve(path.name)
                elif temporary["name"] in self._ledger.names:
                    path.rename(path.with_name(temporary["name"]))
                    recovered.published += 1
                else:
                    path.unlink()
                    recovered.removed += 1
            sync_directory(self._directory)
        return recovered

    def _next_name(self, stem: str) -> str:
        """A name above all in the ledger and in the directory."""
        while True:
            path = self._directory / self._ledger.next_name(stem)
            # A process with another ledger shows in the directory only.
            if not path.exists() and not path.with_name(path.name + COMPLETED).exists():
                return path.name


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
