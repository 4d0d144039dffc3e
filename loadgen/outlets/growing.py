"""Append to a log that grows, as a web server does, and rotate it.

The order is the promise. Under a lock: note the lines and the length of the log in `LEDGER.pending`
and fsync it; append the entry to the ledger and fsync it; append the lines to the log and fsync it;
remove the note. If a process dies in between, the next one finds out from the two lengths which of
the lines are missing, and appends them. So the log has each line of the ledger once.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from loadgen.errors import LoadgenError, os_errors_at
from loadgen.ledger import Entry, Ledger, sync_directory
from loadgen.options import Rotation
from loadgen.outlets.locks import folder_and_ledger_locked
from loadgen.outlets.outlet import Recovered
from loadgen.scenarios import Batch

WRITABLE = "let loadgen's user write there"


class GrowingLog:
    """A log and its ledger. Several processes may share the two."""

    def __init__(
        self,
        log: Path,
        ledger: Path,
        rotate_every: int | None = None,
        rotation: Rotation = Rotation.RENAME,
    ) -> None:
        """Take a log that may not exist yet; its folder must.

        :param rotate_every: lines after which a log is full; None: never
        """
        self._log = log
        self._ledger_path = ledger
        self._ledger = Ledger(ledger)
        self._pending = ledger.with_name(f"{ledger.name}.pending")
        self._rotate_every = rotate_every
        self._rotation = rotation
        self._size = self._lines = 0  # of the log that is being written, when last seen

    def recover(self) -> Recovered:
        """Append what a crash has left out; call it before the first `publish`."""
        with self._locked():
            if not os.access(self._log.parent, os.W_OK | os.X_OK):
                raise LoadgenError(self._log.parent, "not writable", WRITABLE)
            torn = self._ledger.catch_up()
            return Recovered(published=self._finish(), torn=torn)

    def publish(self, batch: Batch, stem: str) -> str:
        """Append the batch, and return its name in the ledger, STEM-NUMBER.log.

        Raises LoadgenError. If the log could not be written, the next `recover` writes it.
        ValueError for a batch without a line.
        """
        if not batch.data:
            raise ValueError("an empty batch")
        if not batch.data.endswith(b"\n"):  # else the next batch would continue the last line
            batch = replace(batch, data=batch.data + b"\n")
        with self._locked():
            self._ledger.catch_up()
            self._finish()
            self._rotate_if_full()
            name = self._ledger.next_name(stem)
            try:
                with os_errors_at(self._pending, WRITABLE):
                    self._note(name, batch.data)
                with os_errors_at(self._ledger_path, WRITABLE):
                    self._ledger.append(Entry.of(name, batch))
            except BaseException:
                self._ledger.take_back()
                self._pending.unlink(missing_ok=True)
                raise
            self._ledger.catch_up()
            self._finish()
            self._lines += batch.lines
        return name

    def close(self) -> None:
        """Do nothing, because nothing is held between two batches."""

    @property
    def _current(self) -> Path:
        """The log that is being written."""
        if self._rotation is not Rotation.NAME:
            return self._log
        number = max(self._numbers(rf"{re.escape(self._log.stem)}-(\d+){self._log.suffix}"))
        return self._numbered(number) if number else self._log

    def _numbered(self, number: int) -> Path:
        return self._log.with_name(f"{self._log.stem}-{number}{self._log.suffix}")

    def _numbers(self, pattern: str) -> list[int]:
        """The numbers in the names of older logs, and 0."""
        with os_errors_at(self._log.parent, WRITABLE):
            names = os.listdir(self._log.parent)  # noqa: PTH208 - names are all that is needed
        return [0, *(int(match[1]) for name in names if (match := re.fullmatch(pattern, name)))]

    def _rotate_if_full(self) -> None:
        current = self._current
        size = _size(current)
        if size != self._size or not size:  # another process has written, or it is a new log
            self._size, self._lines = size, _lines(current)
        if not self._rotate_every or self._lines < self._rotate_every:
            return
        with os_errors_at(current, WRITABLE):
            if self._rotation is Rotation.NAME:
                number = int(current.stem.rpartition("-")[2]) if current != self._log else 0
                self._numbered(number + 1).touch()
            else:
                self._shift()
                if self._rotation is Rotation.COPY:
                    shutil.copy2(current, self._older(1))
                    os.truncate(current, 0)
                else:
                    current.rename(self._older(1))
            sync_directory(current.parent)
        self._size = self._lines = 0

    def _shift(self) -> None:
        """Give each older log the next number."""
        for number in sorted(self._numbers(rf"{re.escape(self._log.name)}\.(\d+)"), reverse=True):
            if number:
                self._older(number).rename(self._older(number + 1))

    def _older(self, number: int) -> Path:
        return self._log.with_name(f"{self._log.name}.{number}")

    def _note(self, name: str, data: bytes) -> None:
        note = {"name": name, "log": str(self._current), "at": self._size, "bytes": len(data)}
        with self._pending.open("wb") as file:
            file.write(json.dumps(note).encode() + b"\n" + data)
            file.flush()
            os.fsync(file.fileno())

    def _finish(self) -> int:
        """Append what is noted and in the ledger, without what is there; return 1 if it was."""
        if not self._pending.exists():
            return 0
        with os_errors_at(self._pending, WRITABLE):
            first, _, data = self._pending.read_bytes().partition(b"\n")
        try:
            note = json.loads(first)
        except ValueError:  # torn, so its entry was not written
            note = {"name": ""}
        if finished := note["name"] in self._ledger.names:
            log = Path(note["log"])
            with os_errors_at(log, WRITABLE):
                done = max(0, _size(log) - note["at"])
                with log.open("ab") as file:
                    file.write(data[done:])
                    file.flush()
                    os.fsync(file.fileno())
            self._size = note["at"] + len(data)
        self._pending.unlink()
        return int(finished)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with folder_and_ledger_locked(
            self._log.parent, "--append", self._ledger_path, self._ledger
        ):
            yield


def _size(log: Path) -> int:
    with os_errors_at(log, WRITABLE):
        return log.stat().st_size if log.exists() else 0


def _lines(log: Path) -> int:
    with os_errors_at(log, WRITABLE):
        if not log.exists():
            return 0
        with log.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
