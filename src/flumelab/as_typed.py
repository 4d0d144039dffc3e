"""Commands and paths as the reader types them.

In a checkout a command is `.venv/bin/flumelab`, and after an installation from a wheel `flumelab`.
In a class it is `bin/flumelab`, and in the archive for a room without internet `./start`. The
scripts of the last two say so in `LAB_COMMAND`.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from flumelab import lab_files

VARIABLE = "LAB_COMMAND"
WORDS = (
    *("build", "classroom", "counts", "cut", "demo", "doctor", "down", "eject", "experiment"),
    *("feed", "flume-ng", "kill", "lab", "learn", "ledger", "lessons", "logs", "mend", "page"),
    *("run", "start", "status", "top", "up"),
)
"""The commands of flumelab, by which a command is known from the mere name."""
_FLUMELAB = re.compile(rf"(?<![\w/])flumelab(?= (?:{'|'.join(WORDS)})\b)")
_FLUMELINT = r"(?<![\w/])(?<!{} )flumelint(?= (?:explain\b|\S+\.conf))"


def flumelab(in_checkout: str = ".venv/bin/flumelab") -> str:
    """Return what starts flumelab here."""
    return os.environ.get(VARIABLE) or (_installed() if lab_files.is_installed() else in_checkout)


def _installed() -> str:
    """The command as it was typed, such as lab/bin/flumelab, unless its name is enough."""
    typed, found = Path(sys.argv[0]), shutil.which("flumelab")
    enough = typed.name != "flumelab" or (found is not None and typed.samefile(found))
    return "flumelab" if enough else str(typed)


def flumelint() -> str:
    """Return what starts flumelint here."""
    command = flumelab("flumelab")
    named = command.removesuffix("flumelab")
    return f"{named}flumelint" if named != command else f"{command} flumelint"


def text(message: str) -> str:
    """Return a message whose commands can be copied here."""
    if not os.environ.get(VARIABLE):
        return message
    command = flumelab()
    lint = _FLUMELINT.format(re.escape(command))
    return re.sub(lint, lambda _: flumelint(), _FLUMELAB.sub(lambda _: command, message))


def path(file: Path, root: Path) -> str:
    """Return a path from the current folder if that has the checkout, else from the checkout."""
    for folder in (Path.cwd(), root):
        if file.is_relative_to(folder) and root.is_relative_to(folder):
            return str(file.relative_to(folder))
    return str(file)
