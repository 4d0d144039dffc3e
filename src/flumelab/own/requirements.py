"""The packages that a user's program imports, which pip installs into the lab's folder.

A requirements file may name wheels beside it, ``./mine-1.0-py3-none-any.whl``: pip runs in the
file's own folder, wherever `flumelab` was called.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from flumelab.errors import LabError
from flumelab.runtimes import commands

_OPTION = re.compile(r"^(?:-r|-c|-f|-e|--requirement|--constraint|--find-links|--editable)[ =]*")


def install(file: Path, target: Path) -> None:
    """Install the packages of a requirements file into a folder; raises `LabError`."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    file = file.absolute()
    commands.run([*pip, "--target", str(target.absolute()), "-r", str(file)], file.parent)


def require_inside(file: Path) -> None:
    """Raise `LabError` if the file names a path outside of its folder, which alone is mounted."""
    folder = file.absolute().parent
    for number, path in _paths(file):
        place = (folder / path).resolve()
        if place.exists() and folder.resolve() not in place.parents:
            raise LabError(
                f"{file}, line {number}: {path} is outside of the folder of {file.name}, and a "
                f"container sees only that; copy it into {folder}"
            )


def _paths(file: Path) -> Iterator[tuple[int, str]]:
    """The lines that name a path of this machine, without what follows it."""
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        value = _OPTION.sub("", line.strip())
        value = re.sub(r"^[\w.-]+ *@ *", "", value).removeprefix("file://")  # name @ file:///path
        if value.startswith(("/", "../")):
            yield number, re.split(r"[\s;#\[]", value)[0]
