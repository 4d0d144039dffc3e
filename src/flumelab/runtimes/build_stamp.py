"""Finds out whether sources have changed since a build, by their contents, not by their times."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

IGNORED = {"target", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def digest(root: Path, names: Iterable[str]) -> str:
    """Return a hash of the paths and contents of all files under these names in `root`."""
    total = hashlib.sha256()
    for name in names:
        top = root / name
        files = [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.is_file())
        for file in files:
            relative = file.relative_to(root)
            if not IGNORED.intersection(relative.parts):
                total.update(f"{relative.as_posix()}\0{file.stat().st_size}\0".encode())
                total.update(file.read_bytes())
    return total.hexdigest()


class BuildStamp:
    """A file that records from which sources a build was made.

    :param sources: files and folders of `root`
    :param options: further options of the build
    """

    def __init__(
        self, file: Path, root: Path, sources: Iterable[str], options: Iterable[str] = ()
    ) -> None:
        self._file = file
        self._digest = " ".join([digest(root, sources), *options])

    def is_current(self) -> bool:
        """Whether the last build was made from these sources."""
        return self._file.exists() and self._file.read_text() == self._digest

    def write(self) -> None:
        """Record that a build was made from these sources."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._digest)
