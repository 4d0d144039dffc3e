"""The locks under which files and their ledger change together."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.errors import os_errors_at
from loadgen.ledger import Ledger


@contextmanager
def folder_locked(directory: Path, option: str, kind: int) -> Iterator[None]:
    """Hold `fcntl.LOCK_SH` or `fcntl.LOCK_EX` on a directory, which `option` names."""
    with os_errors_at(directory, f"give a directory that exists with {option}"):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os_errors_at(directory, "check its disk"):
            fcntl.flock(fd, kind)
        yield
    finally:
        os.close(fd)


@contextmanager
def folder_and_ledger_locked(
    directory: Path, option: str, path: Path, ledger: Ledger
) -> Iterator[None]:
    """Keep every other loadgen off the directory and off the ledger at `path`."""
    with (
        folder_locked(directory, option, fcntl.LOCK_EX),
        os_errors_at(path, "give a file that can be written with --ledger"),
        ledger.locked(),
    ):
        yield
