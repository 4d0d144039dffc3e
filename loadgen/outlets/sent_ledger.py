"""The ledger for outlets that keep no files: the entry is written first, then the lines are sent.

A loadgen that is killed in between leaves an entry whose lines were sent in part or not at all. So
a program may have fewer lines than the ledger, which shows in the counts, but never more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.errors import LoadgenError, os_errors_at
from loadgen.ledger import Entry, Ledger
from loadgen.outlets.outlet import Recovered
from loadgen.scenarios import Batch


class NothingSentError(LoadgenError):
    """It is certain that no line of the batch was sent."""


class SentLedger:
    """A ledger without a spool directory. Several processes may share it."""

    def __init__(self, ledger: Path) -> None:
        self._path = ledger
        self._ledger = Ledger(ledger)

    def recover(self) -> Recovered:
        """Remove a torn line."""
        with self._locked():
            return Recovered(torn=self._ledger.catch_up())

    def reserve(self, name: str) -> None:
        """Use neither this name nor one with a lower number."""
        self._ledger.reserve(name)

    @contextmanager
    def recorded(self, batch: Batch, stem: str) -> Iterator[str]:
        """Write the batch's entry to the ledger, and yield the name it has there.

        Inside the block the ledger is locked; a NothingSentError removes the entry again.
        """
        if not batch.data:
            raise ValueError("an empty batch")
        with self._locked():
            self._ledger.catch_up()
            name = self._ledger.next_name(stem)
            try:
                with os_errors_at(self._path, "let loadgen's user write there"):
                    self._ledger.append(Entry.of(name, batch))
            except BaseException:
                self._ledger.take_back()
                raise
            try:
                yield name
            except NothingSentError:
                self._ledger.take_back()
                raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (
            os_errors_at(self._path, "give a file that can be written with --ledger"),
            self._ledger.locked(),
        ):
            yield
