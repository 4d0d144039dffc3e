"""The ledger for ways out that keep no files: an entry comes first, then its lines are sent.

A loadgen that is killed in between leaves an entry whose lines were sent in part, or not at all.
So a program may lack lines that the ledger has, which shows, but never has one that it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.errors import LoadgenError, named
from loadgen.ledger import Entry, Ledger
from loadgen.outlets.outlet import Recovered
from loadgen.scenarios import Batch


class NothingSentError(LoadgenError):
    """A batch of which surely no line has left."""


class Entries:
    """A ledger without a directory. Several processes may share it."""

    def __init__(self, ledger: Path) -> None:
        self._path = ledger
        self._ledger = Ledger(ledger)

    def recover(self) -> Recovered:
        """Remove a torn line."""
        with self._locked():
            return Recovered(torn=self._ledger.catch_up())

    def reserve(self, name: str) -> None:
        """Use no name up to this one."""
        self._ledger.reserve(name)

    @contextmanager
    def entered(self, batch: Batch, stem: str) -> Iterator[str]:
        """The batch is in the ledger, under the name that this gives.

        No other process uses the ledger inside the block; a NothingSentError takes the entry back.
        """
        if not batch.data:
            raise ValueError("an empty batch")
        with self._locked():
            self._ledger.catch_up()
            name = self._ledger.next_name(stem)
            try:
                with named(self._path, "let loadgen's user write there"):
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
            named(self._path, "give a file that can be written with --ledger"),
            self._ledger.locked(),
        ):
            yield
