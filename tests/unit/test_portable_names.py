"""The repository can be checked out where file systems are stricter than Linux's."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$|^(CON|PRN|AUX|NUL|(COM|LPT)[0-9])(\.|$)', re.I)


def files() -> list[str]:
    """The files of the repository, relative to its root."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"only git knows which files are the repository's: {error}")
    return listed.stdout.decode("utf-8").split("\0")[:-1]


def same_names(paths: Iterable[str]) -> list[list[str]]:
    """The files and folders that macOS and Windows take for one, though git does not."""
    found = defaultdict(set)
    for path in map(PurePosixPath, paths):
        for place in (path, *path.parents):
            found[unicodedata.normalize("NFC", str(place)).casefold()].add(str(place))
    return [sorted(names) for names in found.values() if len(names) > 1]


def forbidden_names(paths: Iterable[str]) -> list[str]:
    """The paths with a part that Windows does not accept."""
    return [path for path in paths if any(map(FORBIDDEN.search, path.split("/")))]


def test_no_two_files_differ_only_by_case_and_windows_accepts_each_name() -> None:
    paths = files()
    assert "tests/unit/test_portable_names.py" in paths
    assert same_names(paths) == []
    assert forbidden_names(paths) == []


def test_what_one_checkout_would_lose_is_found() -> None:
    paths = ["docs/a.md", "docs/A.md", "Docs/b.md", "src/caf\u00e9.py", "src/cafe\u0301.py", "c.md"]
    assert same_names(paths) == [
        ["docs/A.md", "docs/a.md"],
        ["Docs", "docs"],
        ["src/cafe\u0301.py", "src/caf\u00e9.py"],
    ]


@pytest.mark.parametrize(
    "path",
    [
        "a:b",
        "a/what?",
        "a/*.md",
        'a"',
        "a\\b",
        "a\tb",
        "a./b",
        "a /b",
        "nul",
        "a/Aux.txt",
        "com1.d/a",
    ],
)
def test_a_name_that_windows_does_not_accept_is_found(path: str) -> None:
    assert forbidden_names([path, "a/.b", "console", "auxiliary.md", "com.d/nulls", "a b"]) == [
        path
    ]
