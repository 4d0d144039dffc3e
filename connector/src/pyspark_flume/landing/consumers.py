"""What each query has committed: one small file a query, in the log's folder."""

import errno
import json
import re
import time
from pathlib import Path

from pyspark_flume.errors import LandingError
from pyspark_flume.landing.folder import CONSUMERS, write_atomically

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


def commit(folder: Path, consumer: str, events: int) -> None:
    """Note that `consumer` has no more use for the events before number `events`.

    On a full disk the note stays as it was, which holds more back than it needs to: the next one,
    when there is room, is right again. Raises `LandingError` for a name other than 1 to 64 of
    ``A-Z a-z 0-9 . _ -``, and where the folder cannot be written otherwise.
    """
    if not NAME.fullmatch(consumer):
        raise LandingError(
            f"consumer {consumer!r} of {folder} is no name; take 1 to 64 of A-Z a-z 0-9 . _ -, "
            "with no dot at its start"
        )
    committed = json.dumps({"events": events, "time_ms": time.time_ns() // 1_000_000})
    path = folder / CONSUMERS / f"{consumer}.json"
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, committed + "\n")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return
        raise LandingError(
            f"{path}: {error.strerror}; let the query write there, or retention cannot see it"
        ) from error


def committed(folder: Path) -> dict[str, int]:
    """The number of events that each consumer has committed, by its name."""
    return {path.stem: _events(path) for path in sorted((folder / CONSUMERS).glob("[!.]*.json"))}


def _events(path: Path) -> int:
    try:
        return int(json.loads(path.read_text())["events"])
    except (ValueError, KeyError, TypeError):
        raise LandingError(
            f"{path} is no commit of a query; remove it if that query is gone, "
            "else its next commit replaces it"
        ) from None
