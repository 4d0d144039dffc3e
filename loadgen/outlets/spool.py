"""Give files to Flume: complete, under a name used once, and never without their ledger entry.

The order is the promise. Under a lock: write `.NAME.tmp` (Flume's spooling directory source ignores
names with a leading dot) and fsync it; append the entry to the ledger and fsync it; rename to NAME
and fsync the directory. If a process dies in between, the next one finds in the ledger whether the
file counts, and publishes or removes it. One spool directory has one ledger.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.errors import LoadgenError, os_errors_at
from loadgen.ledger import NAME, Entry, Ledger, sync_directory
from loadgen.outlets.locks import folder_and_ledger_locked
from loadgen.outlets.outlet import Recovered
from loadgen.scenarios import Batch

# The names of access-log-000001.log while it is written, and after Flume has read it.
TEMPORARY = re.compile(rf"\.(?P<name>{NAME.pattern})\.tmp")
COMPLETED = ".COMPLETED"
IGNORED = re.compile(r".*[.](gz|bz2|xz|zst|zip|tmp|part|swp)|.*~")
"""Names of compressed and temporary files: the `ignorePattern` of the lab's spooldir sources."""

WRITABLE = "let loadgen's user write there"


class Spool:
    """A spool directory with its ledger. Several processes may share the two."""

    def __init__(self, directory: Path, ledger: Path) -> None:
        self._directory = directory
        self._ledger_path = ledger
        self._ledger = Ledger(ledger)

    def recover(self) -> Recovered:
        """Publish or remove what a crash has left; call it before the first `publish`.

        Raises LoadgenError.
        """
        with self._locked():
            if not os.access(self._directory, os.W_OK | os.X_OK):
                raise LoadgenError(self._directory, "not writable", WRITABLE)
            torn = self._ledger.catch_up()
            recovered = self._finish_or_remove()
        recovered.torn = torn
        return recovered

    def publish(self, batch: Batch, stem: str) -> str:
        """Write the batch to a file and return its name, STEM-NUMBER.log.

        Raises LoadgenError. The file is then neither in the directory nor in the ledger, unless
        the last step failed, which makes the rename durable. Raises ValueError for a batch without
        a line: Flume would make one empty event of an empty file.
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
                with os_errors_at(path, WRITABLE):
                    _write(temporary, batch.data)
                with os_errors_at(self._ledger_path, WRITABLE):
                    self._ledger.append(Entry.of(name, batch))
                with os_errors_at(path, "do not touch loadgen's hidden files"):
                    temporary.rename(path)
            except BaseException:
                # Remove the entry first: a file without one is removed at the next start.
                self._ledger.take_back()
                temporary.unlink(missing_ok=True)
                raise
            sync_directory(self._directory)
            self._ledger.catch_up()  # else the next call would think it another process's entry
        return name

    def close(self) -> None:
        """Do nothing, because nothing is held between two files."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep every other loadgen off the directory and off the ledger."""
        with folder_and_ledger_locked(self._directory, "--spool", self._ledger_path, self._ledger):
            yield

    def _finish_or_remove(self) -> Recovered:
        """Publish or remove temporary files, which under the lock belong only to dead processes."""
        recovered = Recovered()
        with os_errors_at(self._directory, WRITABLE):
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
        """Return a name that is neither in the ledger nor in the directory."""
        while True:
            path = self._directory / self._ledger.next_name(stem)
            # Files of a process with another ledger are in the directory only.
            if not path.exists() and not path.with_name(path.name + COMPLETED).exists():
                return path.name


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
