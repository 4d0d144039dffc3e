"""The locks under which files and their ledger change together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.errors import os_errors_at
from loadgen.flock import lock, require_flock
from loadgen.ledger import Ledger


@contextmanager
def folder_locked(directory: Path, option: str, shared: bool = False) -> Iterator[None]:
    """Hold the lock on a directory, which `option` names."""
    require_flock(directory)
    with os_errors_at(directory, f"give a directory that exists with {option}"):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os_errors_at(directory, "check its disk"):
            lock(fd, shared)
        yield
    finally:
        os.close(fd)


@contextmanager
def folder_and_ledger_locked(
    directory: Path, option: str, path: Path, ledger: Ledger
) -> Iterator[None]:
    """Keep every other loadgen off the directory and off the ledger at `path`."""
    with (
        folder_locked(directory, option),
        os_errors_at(path, "give a file that can be written with --ledger"),
        ledger.locked(),
    ):
        yield
