"""What each query has committed: a small file for each query, in the log's folder."""

import errno
import json
import re
import time
from pathlib import Path

from pyspark_flume.errors import LandingError
from pyspark_flume.landing.folder import CONSUMERS, write_atomically

# 1 to 64 characters; a name that starts with a dot would be a hidden file.
CONSUMER_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


def commit(folder: Path, consumer: str, events: int) -> None:
    """Record that `consumer` no longer needs the events before number `events`.

    If the disk is full, the old record stays. It only holds back more segments than necessary, and
    the next record that fits corrects this. Raises `LandingError` for a name that does not match
    `CONSUMER_NAME`, and if the folder cannot be written for another reason.
    """
    if not CONSUMER_NAME.fullmatch(consumer):
        raise LandingError(
            f"consumer {consumer!r} of {folder} is not a valid name; "
            "use 1 to 64 of A-Z a-z 0-9 . _ -, and do not start with a dot"
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
            f"{path}: {error.strerror}; let the query write there, or retention cannot see what "
            "it has committed"
        ) from error


def committed(folder: Path) -> dict[str, int]:
    """Return the number of events that each consumer has committed, by its name."""
    found = {path.stem: _events(path) for path in sorted((folder / CONSUMERS).glob("[!.]*.json"))}
    return {name: events for name, events in found.items() if events is not None}


def _events(path: Path) -> int | None:
    try:
        return int(json.loads(path.read_text())["events"])
    except FileNotFoundError:  # removed at this moment, because its query is gone
        return None
    except (ValueError, KeyError, TypeError):
        raise LandingError(
            f"{path} is not a query's commit; remove it if that query is gone, "
            "otherwise its next commit replaces it"
        ) from None
