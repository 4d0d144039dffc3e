"""The conf of an experiment: a file of flume-conf with a few other values."""

import re
from collections.abc import Mapping
from pathlib import Path

from flumelab.errors import LabError
from flumelint import escape


def write(base: Path, changes: Mapping[str, str], to: Path) -> None:
    """Write the conf with its changes; a key that it does not have is added at the end.

    Raises `LabError` if there is no such conf.
    """
    try:
        text = base.read_text("utf-8")
    except OSError as error:
        raise LabError(f"{base}: {error.strerror}; name a conf of flume-conf") from None
    for key, value in changes.items():
        assignment = f"{key} = {escape(value)}"
        line = re.compile(rf"^{re.escape(key)}\s*[=:].*$", re.MULTILINE)
        changed, times = line.subn(lambda _, new=assignment: new, text)  # type: ignore[misc]
        text = changed if times else f"{text.rstrip()}\n\n{assignment}\n"
    to.write_text(text, "utf-8")
