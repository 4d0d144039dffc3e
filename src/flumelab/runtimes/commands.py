"""Commands that the local runtime runs to their end."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from flumelab.errors import LabError

ERROR_LINES = 15


def run(command: Sequence[str], folder: Path) -> str:
    """Run a command and return its output; raises `LabError` with the output's end if it fails."""
    if not shutil.which(command[0]):
        raise LabError(f"{command[0]} is not installed; flumelab doctor says how to get it")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        end = "\n".join((done.stderr or done.stdout).splitlines()[-ERROR_LINES:])
        raise LabError(f"{' '.join(command[:3])} … failed:\n{end}")
    return done.stdout
