"""The jars with components of the user's own, for the agent's class path."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from flumelab.errors import LabError


def jars_of(given: Sequence[Path]) -> list[Path]:
    """Return the jars, and those in folders: ``plugins.d`` has them in folders of its own.

    Raises `LabError` for what is not there or not a jar.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(path.rglob("*.jar"))
            if not inside:
                raise LabError(f"{path} has no jar in it; give --flume-jar a jar, or its folder")
            found += inside
        elif not path.is_file():
            raise LabError(f"{path} is not there; give --flume-jar a jar, or a folder of jars")
        else:
            found.append(path)
    for jar in found:
        if not zipfile.is_zipfile(jar):
            raise LabError(f"{jar} is not a jar; build it again, or fetch it again")
    return [jar.absolute() for jar in found]
