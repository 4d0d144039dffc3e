"""Where the project's address has to stand, so that whoever has a wheel finds the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tools.release.build import PROJECTS


def without_address(root: Path) -> list[str]:
    """Return the files of a checkout that should name the project's address, and do not."""
    files = [(root / project / "pyproject.toml").relative_to(root) for project in PROJECTS]
    lacking = [
        file.as_posix()
        for file in files
        if not tomllib.loads((root / file).read_text("utf-8"))["project"].get("urls")
    ]
    if not re.search(r"(?m)^repository-code: *\S", (root / "CITATION.cff").read_text("utf-8")):
        lacking.append("CITATION.cff")
    return lacking
