"""Programs that are written in Go: an installed one, or the pinned one, which Go builds."""

from __future__ import annotations

import shutil


class ProgramMissing(Exception):
    """Neither the program nor Go is installed."""


def go_program(name: str, module: str) -> list[str]:
    """Return the command that is the program.

    :param module: the package of its main function, with its version
    :raises ProgramMissing: install one of them
    """
    if shutil.which(name):
        return [name]
    if shutil.which("go"):
        return ["go", "run", module]
    raise ProgramMissing(f"neither {name} nor Go is here; install one of them")
