"""flock: only one process at a time changes a folder or a ledger. Windows lacks it."""

from __future__ import annotations

import os
from io import FileIO

from loadgen.errors import LoadgenError

try:
    import fcntl
except ModuleNotFoundError:  # so that --help and what only reads a ledger work on Windows, too
    fcntl = None  # type: ignore[assignment]


def require_flock(place: str | os.PathLike[str]) -> None:
    """Raise LoadgenError if this system cannot lock `place`; call it before `place` is opened."""
    if fcntl is None:
        raise LoadgenError(
            os.fspath(place), "Windows cannot lock it", "run loadgen on Linux or in WSL"
        )


def lock(file: int | FileIO, shared: bool = False) -> None:
    """Wait for the lock on an open file or folder; closing it ends the lock. Raises OSError.

    :param shared: whether others may have it, too, if theirs is shared as well
    """
    fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
