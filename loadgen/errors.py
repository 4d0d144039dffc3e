"""Errors as loadgen shows them: one line, `place: fact; remedy`."""

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
    """An option that cannot be followed."""

    exit_code = 2


class LedgerError(LoadgenError):
    """A ledger that does not hold what loadgen wrote into it."""


@contextmanager
def named(
    place: str | os.PathLike[str], remedy: str, kind: type[LoadgenError] = LoadgenError
) -> Iterator[None]:
    """Turn an OSError inside the block into `kind`; a full disk has a remedy of its own."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            remedy = "free some space on its disk, then start again"
        raise kind(os.fspath(place), error.strerror or str(error), remedy) from error


def exit_code(run: Callable[[], None]) -> int:
    """Of a command that does this: 0, or that of the failure, which is printed."""
    try:
        run()
    except LoadgenError as error:
        print(f"loadgen: {error}", file=sys.stderr)
        return error.exit_code
    return 0
