"""Has anything changed since it was built? By the files' contents, as no clock tells."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

IGNORED = {"target", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def digest(root: Path, names: Iterable[str]) -> str:
    """A hash of all files under these files and folders of `root`, and of their paths."""
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


class Stamp:
    """Remembers in a file which sources a build was made of."""

    def __init__(self, file: Path, root: Path, names: Iterable[str]) -> None:
        self._file = file
        self._digest = digest(root, names)

    def is_current(self) -> bool:
        """Whether the last build was of these sources."""
        return self._file.exists() and self._file.read_text() == self._digest

    def set(self) -> None:
        """The build is done."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._digest)
