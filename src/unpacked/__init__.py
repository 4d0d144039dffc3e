"""Reads a log that may be compressed, as plain bytes.

The lab and its generator both read the user's logs, and neither imports the other. So this is a
package of its own, which imports nothing of the project.
"""

import bz2
import gzip
import io
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, cast

BUFFER_BYTES = 1 << 20


def _zstd() -> Any:
    """Import zstd only where such a file is read: it is in Python's library since 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


READERS: Mapping[str, Callable[[BinaryIO], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": lambda file: _zstd().ZstdFile(file),
}
"""What reads a compressed file, by the ending of its name."""
BEGINNINGS = {
    ".gz": re.compile(rb"\x1f\x8b\x08"),
    ".bz2": re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),  # with a block, or empty
    ".xz": re.compile(rb"\xfd7zXZ\x00"),
    ".zst": re.compile(rb"\x28\xb5\x2f\xfd"),
}
"""How a compressed file begins, for one whose name does not say it."""


class DamagedError(Exception):
    """A file that is not compressed as it says, or that is cut off; `str()` gives the fact."""


def plain_name(name: str) -> str:
    """Return the name once it is unpacked: ``access.log`` of ``access.log.gz``."""
    path = PurePath(name)
    return path.stem if path.suffix in READERS else path.name


def reader(file: "io.BufferedReader[Any]", name: str = "") -> "io.BufferedReader[Any]":
    """Return a reader of the plain bytes of an open file. Closing it does not close the file.

    The ending of the name says how the file is compressed. If it says nothing, as for standard
    input, the first bytes do; this waits for them. Reading raises OSError, and `DamagedError` for
    what cannot be unpacked.
    """
    suffix = PurePath(name).suffix
    if suffix not in READERS:
        first = file.peek(16)
        suffix = next((kind for kind, start in BEGINNINGS.items() if start.match(first)), "")
    if not suffix:
        return file
    return io.BufferedReader(_Unpacking(READERS[suffix](cast(BinaryIO, file))), BUFFER_BYTES)


class _Unpacking(io.RawIOBase):
    """Gives the errors of the four libraries one type."""

    def __init__(self, packed: Any) -> None:
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._packed.read1(len(buffer))  # readinto would wait until the buffer is full
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise DamagedError(str(error)) from error
        except Exception as error:
            # bz2 raises an OSError without a number, and zstd has a type of its own.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DamagedError(str(error)) from error
        buffer[: len(data)] = data
        return len(data)
