"""A landing log's folder: its identity, its segments' names, its lock, and atomic writes.

::

    landing.json                {"format": 1, "id": "<uuid>"}
    lock                        held by the one writer
    00000000000000000000.avro   a segment, named by the number of its first event
    00000000000000000000.index  its checksums and positions
    consumers/<name>.json       what a query has committed
"""

import contextlib
import fcntl
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from pyspark_flume.errors import LandingError, LandingLocked
from pyspark_flume.landing import disk
from pyspark_flume.landing.avro_container import FORMAT

IDENTITY = "landing.json"
LOCK = "lock"
CONSUMERS = "consumers"
SEGMENT_NAME = re.compile(r"(\d{20})\.(avro|index)")
STALE_SECONDS = 3600  # no query still writes a temporary file of this age


@dataclass(frozen=True, order=True)
class Segment:
    """A segment's two files; `first` is the number of its first event."""

    first: int
    folder: Path

    @property
    def path(self) -> Path:
        """The Avro container file."""
        return self.folder / f"{self.first:020d}.avro"

    @property
    def index(self) -> Path:
        """The index of that file."""
        return self.folder / f"{self.first:020d}.index"


def segments(folder: Path) -> list[Segment]:
    """Return the segments in the folder, oldest first."""
    return sorted(Segment(first, folder) for first in _numbers(folder, "avro"))


def orphan_indexes(folder: Path) -> list[Segment]:
    """Return the segments that have only an index left, oldest first."""
    left = _numbers(folder, "index") - _numbers(folder, "avro")
    return sorted(Segment(first, folder) for first in left)


def _numbers(folder: Path, suffix: str) -> set[int]:
    matches = (SEGMENT_NAME.fullmatch(path.name) for path in folder.iterdir())
    return {int(match[1]) for match in matches if match and match[2] == suffix}


def read_id(folder: Path) -> UUID:
    """Return the log's id. Raises `LandingError` if there is no log, or its format is unknown."""
    path = folder / IDENTITY
    try:
        identity = json.loads(path.read_text())
        number, log_id = identity["format"], UUID(identity["id"])
    except (FileNotFoundError, NotADirectoryError):
        raise LandingError(
            f"{folder} holds no landing log; start the receiver on it first, or correct the path"
        ) from None
    except OSError as error:
        raise LandingError(
            f"{path}: {error.strerror}; let this process read the receiver's folder"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LandingError(
            f"{path} does not identify a landing log; restore it from a copy, or use another folder"
        ) from None
    if number != FORMAT:
        raise LandingError(
            f"{folder} has format {number}, this version reads {FORMAT}; "
            "install the version of pyspark-flume that wrote it, or use another folder"
        )
    return log_id


def create_or_check(folder: Path) -> UUID:
    """Return the log's id; create a log if the folder is empty.

    Only the writer, which holds the lock, may call this. Raises `LandingError` if the folder
    contains something that is not part of a log.
    """
    for path in sorted(folder.iterdir()):
        # A volume's root has lost+found; hidden files come from NFS or a file manager.
        known = path.name in (IDENTITY, LOCK, CONSUMERS, "lost+found") or path.name.startswith(".")
        if not known and not SEGMENT_NAME.fullmatch(path.name):
            raise LandingError(
                f"{path} is not part of a landing log; move it away, or use another folder"
            )
    _remove_stale_files(folder)
    if not (folder / IDENTITY).exists():
        if segments(folder) or orphan_indexes(folder):
            raise LandingError(
                f"{folder} has segments but no {IDENTITY}; restore it from a copy, "
                "or move the segments away"
            )
        write_atomically(
            folder / IDENTITY, json.dumps({"format": FORMAT, "id": str(uuid4())}) + "\n"
        )
    return read_id(folder)


def lock(folder: Path) -> int:
    """Take the writer's lock; return the descriptor that holds it. Raises `LandingLocked`."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise LandingLocked(
            f"{folder} is written by process {holder or 'unknown'}; "
            "stop that one first, or use another folder"
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_atomically(path: Path, text: str) -> None:
    """Replace the file at `path` durably. A reader sees the old text or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        disk.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names of the files in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale_files(folder: Path) -> None:
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)
    for path in (folder / CONSUMERS).glob(".*.tmp"):
        # A query may be writing its file at this moment, and then renames it.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()
