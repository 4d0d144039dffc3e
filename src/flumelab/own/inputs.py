"""The user's log: one file or a folder of files, unpacked if they are compressed."""

import errno
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import unpacked
from flumelab.errors import LabError

CHUNK_BYTES = 1 << 20
LET_READ = "let the lab read it, for example with chmod -R a+rX"


@dataclass(frozen=True)
class LogFile:
    """A file of the log; `name` is its name once it is unpacked.

    :param raw: whether it is read as it is, even if it is compressed: as Flume reads a file
    """

    path: Path
    raw: bool = False

    @property
    def name(self) -> str:
        """``access.log`` of ``access.log.gz``."""
        return unpacked.plain_name(self.path.name)

    def chunks(self) -> Iterator[bytes]:
        """Yield the unpacked bytes. Raises `LabError` if they cannot be read."""
        try:
            with self.path.open("rb") as packed:
                plain = packed if self.raw else unpacked.reader(packed, self.path.name)
                while chunk := plain.read(CHUNK_BYTES):
                    yield chunk
        except (OSError, unpacked.DamagedError) as error:
            fact = getattr(error, "strerror", None) or error
            raise LabError(
                f"{self.path} cannot be read: {fact}; give --input a complete file"
            ) from None

    def lines(self) -> Iterator[bytes]:
        """Yield the lines without their ends; the last one may lack its newline."""
        rest = b""
        for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def count(self) -> int:
        """Return the number of lines; Flume makes an event of each, even if it lacks a newline."""
        newlines, last = 0, b"\n"
        for chunk in self.chunks():
            newlines += chunk.count(b"\n")
            last = chunk[-1:]
        return newlines + (last != b"\n")


def require_readable(path: Path) -> None:
    """Raise `LabError` for a file or a folder that this user cannot read."""
    mode = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    if path.exists() and not os.access(path, mode):
        raise LabError(f"{path}: {os.strerror(errno.EACCES)}; {LET_READ}")


def files_of(path: Path) -> tuple[list[LogFile], list[str]]:
    """Return the files of `--input`, sorted by name, and a sentence for each file left out.

    Raises `LabError` if there is nothing to send.
    """
    if not path.exists():
        raise LabError(f"{path} is not there; give --input a log file or a folder of them")
    for each in (path, *path.rglob("*")):
        require_readable(each)
    candidates = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    kept, told = [], []
    for candidate in candidates:
        if candidate.stat().st_size == 0:
            told.append(f"{candidate} is empty and is left out: Flume makes an empty event of it")
        elif candidate.name.startswith(".") or candidate.name.endswith((".COMPLETED", ".tmp", "~")):
            told.append(f"{candidate} is left out: its name marks it as hidden, temporary or done")
        else:
            kept.append(LogFile(candidate))
    if not kept and path.is_file() and not path.stat().st_size:
        raise LabError(f"{path} is empty; give --input a log with lines in it")
    if not kept:
        raise LabError(f"{path} has no file with lines in it; give --input a log")
    names = [file.name for file in kept]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise LabError(
            f"{path} has several files named {twice}; Flume accepts a name once, so rename them"
        )
    return kept, told


def copy(file: LogFile, target: io.BufferedWriter) -> None:
    """Write the unpacked bytes."""
    for chunk in file.chunks():
        target.write(chunk)
