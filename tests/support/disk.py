"""A file system for one test, which may be full or read-only."""

import subprocess
from pathlib import Path

import pytest


def mount(*arguments: str | Path) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")


class mounted:  # noqa: N801 - a context manager
    """A file system in memory, mounted inside the block."""

    def __init__(self, folder: Path, size: str) -> None:
        self.folder, self.size = folder, size

    def __enter__(self) -> Path:
        self.folder.mkdir(parents=True)
        mount("-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.folder)
        return self.folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=False)
