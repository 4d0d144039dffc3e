"""What the generator says: its ledger, and the lines in the spool directory's files.

Both grow, so each reader remembers where it was and reads only what is new. The ledger's format is
described in loadgen/ledger.py.
"""

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from flumelab.counts import Counts

COMPLETED = ".COMPLETED"
BUFFER_BYTES = 1 << 20


class GeneratorLedger:
    """The sums over the entries of the ledger; 0 if there is none yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start()

    def _start(self) -> None:
        self.lines = self.malformed = self.entries = 0
        self.urls: Counter[str] = Counter()
        self.has_urls = True
        self._inode = self._bytes = 0

    def read(self) -> None:
        """Add the entries that are new."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._bytes:
                    self._start()  # a lab that was wiped begins a new ledger
                    self._inode = status.st_ino
                if status.st_size > self._bytes:
                    file.seek(self._bytes)
                    for line in file:
                        if not line.endswith(b"\n"):
                            break  # it is being written
                        self._add(line)
                        self._bytes += len(line)
        except FileNotFoundError:
            self._start()

    def counts(self) -> Counts:
        """Return the lines by URL."""
        return Counts(dict(self.urls), self.malformed)

    def _add(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return  # `flumelab ledger` says that the file is damaged
        self.entries += 1
        self.lines += int(entry["lines"])
        self.malformed += int(entry["malformed"])
        if "urls" in entry:
            self.urls.update(entry["urls"])
        else:
            self.has_urls = False


class SpoolFiles:
    """The lines in the visible files of the spool directory; each file is counted once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, int] = {}
        self._changed = 0
        self.lines = self.pending = 0

    def read(self) -> None:
        """Count the files that are new; Flume renames a file once it has read it."""
        try:
            changed = self._folder.stat().st_mtime_ns
            if changed == self._changed:
                return
            names = [
                entry.name
                for entry in os.scandir(self._folder)
                if not entry.name.startswith(".") and not entry.is_dir()
            ]
        except OSError:
            names, changed = [], 0
        kept = {}
        for name in names:
            base = name.removesuffix(COMPLETED)
            lines = self._lines[base] if base in self._lines else self._count(name)
            if lines is not None:
                kept[base] = lines
        pending = [name for name in names if not name.endswith(COMPLETED)]
        self._lines, self._changed = kept, changed
        self.lines = sum(kept.values())
        self.pending = sum(kept.get(name, 0) for name in pending)

    def _count(self, name: str) -> int | None:
        for path in (self._folder / name, self._folder / (name + COMPLETED)):
            try:
                return _lines_of(path)
            except OSError:
                continue
        return None


class GrowingFiles:
    """The lines in the files of a folder that grow and are rotated.

    `pending` is all lines: nothing marks those that were read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counted = GrowingLines()
        self.lines = self.pending = 0

    def read(self) -> None:
        """Count the lines that are new."""
        try:
            files = [file for file in self._folder.iterdir() if not file.name.startswith(".")]
        except OSError:
            files = []
        self.lines = self.pending = self._counted.count(file for file in files if file.is_file())


class GrowingLines:
    """Counts the whole lines in files that grow; only what is new is read.

    A file is known by its inode, as a rotation changes its name.

    :param torn: whether a last line without a newline counts, too
    """

    def __init__(self, torn: bool = False) -> None:
        self._torn = torn
        self._files: dict[int, tuple[int, int]] = {}  # by inode: bytes and lines

    def count(self, files: Iterable[Path]) -> int:
        """Return the lines in these files."""
        kept, torn = {}, 0
        for file in files:
            with contextlib.suppress(OSError):  # it is being rotated
                status = file.stat()
                kept[status.st_ino] = self._count(file, status)
                torn += self._torn and kept[status.st_ino][0] < status.st_size
        self._files = kept
        return sum(lines for _, lines in kept.values()) + torn

    def _count(self, path: Path, status: os.stat_result) -> tuple[int, int]:
        known, lines = self._files.get(status.st_ino, (0, 0))
        if status.st_size < known:  # it was copied and truncated
            known = lines = 0
        if status.st_size == known:
            return known, lines
        with path.open("rb") as file:
            file.seek(known)
            while chunk := file.read(BUFFER_BYTES):
                end = chunk.rfind(b"\n") + 1  # what comes after it is being written
                lines += chunk.count(b"\n")
                if not end:
                    break
                known += end
                file.seek(known)
        return known, lines


def _lines_of(path: Path) -> int:
    buffer = bytearray(BUFFER_BYTES)
    lines, torn = 0, False
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            lines += buffer.count(b"\n", 0, size)
            torn = buffer[size - 1] != ord("\n")
    return lines + torn  # a last line without a newline counts, as in Flume
