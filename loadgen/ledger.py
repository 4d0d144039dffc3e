r"""The ledger: the truth about every file that was spooled or sent, one JSON object per line.

    {"name": "access-log-000001.log", "lines": 3, "bytes": 512, "sha256": "9f86d0…",
     "first_event_time": "2026-01-01T00:00:00+00:00",
     "last_event_time": "2026-01-01T00:00:02+00:00", "urls": {"/": 2}, "malformed": 1}

(in the file this is one line). Instead of "urls", scenarios other than access-log have the events
themselves, column by column, with a row for each well-formed line:

     "events": {"time": [1767225600, 1767225602], "product": ["milk", "tea"], …}

`loadgen.expected` computes from them what a program must find. A line of the ledger is complete
once its "\n" is written. It is written before its file is renamed into place, or sent, so no file
can lack its line. Bytes after the last "\n" are the torn line of a crash: its file was not
published.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from loadgen.errors import LedgerError, os_errors_at
from loadgen.flock import lock, require_flock
from loadgen.scenarios import Batch, Events

NAME = re.compile(r"(?P<stem>[a-z-]+)-(?P<number>\d{6,})\.log")
"""A file's name: its scenario and a number that is used only once."""


@dataclass(frozen=True)
class Entry:
    """One file: its length in `bytes`, and its `lines`, well-formed and `malformed` together.

    `events` has a row for each well-formed line; if it is None, `urls` counts these lines by
    URL. The times are the earliest and the latest of the well-formed lines, with their UTC offset;
    None if no line has a time. `sha256` is in hexadecimal.
    """

    name: str
    lines: int
    bytes: int
    sha256: str
    first_event_time: datetime | None
    last_event_time: datetime | None
    urls: Mapping[str, int]
    malformed: int
    events: Events | None = None

    @classmethod
    def of(cls, name: str, batch: Batch) -> Entry:
        """Make the entry of a batch that is published under this name."""
        return cls(
            name=name,
            lines=batch.lines,
            bytes=len(batch.data),
            sha256=hashlib.sha256(batch.data).hexdigest(),
            first_event_time=batch.first_event_time,
            last_event_time=batch.last_event_time,
            urls=batch.urls,
            malformed=batch.malformed,
            events=batch.events,
        )

    def encode(self) -> str:
        """Return the entry's line, with its newline, in ASCII."""
        absent = "events" if self.events is None else "urls"
        record = {name: value for name, value in vars(self).items() if name != absent}
        return json.dumps(record, default=datetime.isoformat, separators=(",", ":")) + "\n"

    @classmethod
    def decode(cls, line: str) -> Entry:
        """Read a line; KeyError, TypeError or ValueError if it is not an entry."""
        record = json.loads(line)
        events: Events | None = record.get("events")
        urls = record["urls"] if events is None else {}
        well_formed = sum(urls.values()) if events is None else _rows(events)
        if well_formed + record["malformed"] != record["lines"]:
            raise ValueError("its well-formed and malformed lines do not add up to its lines")
        return cls(
            name=str(record["name"]),
            lines=int(record["lines"]),
            bytes=int(record["bytes"]),
            sha256=str(record["sha256"]),
            first_event_time=_time(record["first_event_time"]),
            last_event_time=_time(record["last_event_time"]),
            urls={str(url): int(count) for url, count in urls.items()},
            malformed=int(record["malformed"]),
            events=events,
        )


@dataclass
class Total:
    """The sums over several files."""

    files: int = 0
    lines: int = 0
    bytes: int = 0
    malformed: int = 0
    urls: Counter[str] = field(default_factory=Counter)


def read(path: str | os.PathLike[str]) -> list[Entry]:
    """Return every whole entry, oldest first; [] if the file does not exist. Needs no lock.

    Raises LedgerError, with file and line number, for a line that is not an entry.
    """
    path = Path(path)
    with os_errors_at(path, "give a ledger that can be read", LedgerError):
        try:
            with path.open("rb") as file:
                return [_decoded(path, number, line) for number, line in _whole_lines(file)]
        except FileNotFoundError:
            return []


def total(entries: Iterable[Entry]) -> Total:
    """Add up some entries."""
    result = Total()
    for entry in entries:
        result.files += 1
        result.lines += entry.lines
        result.bytes += entry.bytes
        result.malformed += entry.malformed
        result.urls.update(entry.urls)
    return result


class Ledger:
    """A ledger to write to. Call every method but `locked` inside `with ledger.locked():`.

    `names` are the names in its entries, as of the last `catch_up`.
    """

    def __init__(self, path: Path) -> None:
        self.names: set[str] = set()
        self._path = path
        self._last: Counter[str] = Counter()  # the highest number in use, by stem
        self._file: FileIO
        self._inode = 0
        self._lines_seen = 0
        self._bytes_seen = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other writer off the ledger; waits until the others are done.

        The file is opened each time, because a reset of the lab may remove it between two files.
        """
        require_flock(self._path)
        with self._path.open("ab+", buffering=0) as self._file:
            lock(self._file)
            status = os.fstat(self._file.fileno())
            if status.st_ino != self._inode or status.st_size < self._bytes_seen:
                self._inode, self._lines_seen, self._bytes_seen = status.st_ino, 0, 0
                self.names.clear()
                sync_directory(self._path.parent)
            yield

    def catch_up(self) -> int:
        """Read the entries added since the last call, and remove a torn line.

        Returns the length of the torn line in bytes.
        """
        with self._path.open("rb") as file:
            file.seek(self._bytes_seen)
            for number, line in _whole_lines(file, self._lines_seen):
                name = _decoded(self._path, number, line).name
                self.names.add(name)
                self.reserve(name)
                self._lines_seen = number
                self._bytes_seen += len(line)
        torn = os.fstat(self._file.fileno()).st_size - self._bytes_seen
        if torn:
            self.take_back()
        return torn

    def reserve(self, name: str) -> None:
        """Never give out this name or one with a lower number; `name` may have a suffix."""
        if match := NAME.match(name):
            self._last[match["stem"]] = max(self._last[match["stem"]], int(match["number"]))

    def next_name(self, stem: str) -> str:
        """Return a name with a number above all that are reserved or in the ledger."""
        self._last[stem] += 1
        return f"{stem}-{self._last[stem]:06}.log"

    def append(self, entry: Entry) -> None:
        """Add an entry; it is on disk when this returns."""
        line = memoryview(entry.encode().encode("ascii"))
        while line:
            line = line[self._file.write(line) :]
        os.fsync(self._file.fileno())

    def take_back(self) -> None:
        """Remove what was appended since the last `catch_up`."""
        self._file.truncate(self._bytes_seen)
        os.fsync(self._file.fileno())


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on disk; fsync of a file does not cover its name."""
    with os_errors_at(path, "check its disk"):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _whole_lines(file: BinaryIO, passed: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that end in a newline, with their numbers; `passed` lines came before."""
    for number, line in enumerate(file, passed + 1):
        if line.endswith(b"\n"):
            yield number, line


def _decoded(path: Path, number: int, line: bytes) -> Entry:
    try:
        return Entry.decode(line.decode())
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise LedgerError(
            f"{path} line {number}",
            f"not a ledger entry ({type(error).__name__}: {error})",
            "restore the line, or start with a new ledger and an empty spool directory",
        ) from error


def _rows(events: Events) -> int:
    if len({len(column) for column in events.values()}) != 1:
        raise ValueError("the columns of its events differ in length")
    return len(events["time"])


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
