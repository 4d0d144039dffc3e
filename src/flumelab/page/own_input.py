"""The lines that go into a user's own flow: in the files that its sources read, or sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flumelab.own import saved, source_files
from flumelab.page.generator_files import GrowingLines


def is_known(own: Mapping[str, Any]) -> bool:
    """Whether the lines of the input can be counted; `own`: see `flumelab.own.saved`."""
    return own.get("sent") is not None or _files_of(own) is not None


def _files_of(own: Mapping[str, Any]) -> list[Path] | None:
    conf, before = saved.conf_of(own), own.get("before")
    if conf is None or before is None:
        return None
    files = source_files.files_of(conf)
    return None if files is None else [file for file in files if str(file) not in before]


class OwnInput:
    """Counts the files of the sources; each line is read once."""

    def __init__(self) -> None:
        self._counted = GrowingLines(torn=True)

    def lines(self, own: Mapping[str, Any]) -> int | None:
        """Return the lines that have come in since the lab began; None if they are not known."""
        files = _files_of(own)
        if files is not None:
            return self._counted.count(files)
        sent: int | None = own.get("sent")
        return sent
