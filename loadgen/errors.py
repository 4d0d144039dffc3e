"""loadgen's errors; each is shown as one line, `place: fact; remedy`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FULL = (errno.ENOSPC, errno.EDQUOT)


class LoadgenError(Exception):
    """A failure. `str()` gives `place: fact; remedy`, on one line."""

    exit_code = 1

    def __init__(self, place: object, fact: str, remedy: str) -> None:
        super().__init__(f"{place}: {fact}; {remedy}")


class UsageError(LoadgenError):
    """A wrong option, or options that exclude each other."""

    exit_code = 2


class LedgerError(LoadgenError):
    """A ledger that is not as loadgen wrote it."""


@contextmanager
def os_errors_at(
    place: str | os.PathLike[str], remedy: str, kind: type[LoadgenError] = LoadgenError
) -> Iterator[None]:
    """Turn an OSError inside the block into `kind`, at `place`; a full disk has its own remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            remedy = "free some space on its disk, then start again"
        raise kind(os.fspath(place), error.strerror or str(error), remedy) from error


def exit_code(run: Callable[[], None]) -> int:
    """Run a command and return its exit code; a LoadgenError is printed to stderr."""
    try:
        run()
    except LoadgenError as error:
        print(f"loadgen: {error}", file=sys.stderr)
        return error.exit_code
    return 0
