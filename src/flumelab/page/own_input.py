"""The lines that go into a user's own flow: in the files that its sources read, or sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flumelab.errors import LabError
from flumelab.own import saved, source_files
from flumelab.own.conf import AgentConf
from flumelab.own.inputs import LogFile
from flumelab.page.generator_files import GrowingLines


def is_known(own: Mapping[str, Any], conf: AgentConf | None) -> bool:
    """Whether the lines of the input can be counted; `own`: see `flumelab.own.saved`."""
    return own.get("sent") is not None or (conf is not None and _counts_files(own, conf))


def _counts_files(own: Mapping[str, Any], conf: AgentConf) -> bool:
    return own.get("before") is not None and source_files.read_lines(conf)


class OwnInput:
    """Counts the files of the sources; each line is read once."""

    def __init__(self) -> None:
        self._whole: dict[tuple[int, int], int] = {}  # by inode and size
        self._growing = GrowingLines()

    def lines(self, own: Mapping[str, Any]) -> int | None:
        """Return the lines that have come in since the lab began; None if they are not known."""
        conf = saved.conf_of(own)
        if conf is None or not _counts_files(own, conf):
            sent: int | None = own.get("sent")
            return sent
        total, growing = 0, []
        for source in conf.sources.values():
            for file in source_files.files_of(source):
                if source.is_a("spooldir"):
                    total += self._whole_file(file)
                else:
                    growing.append(file)
        before: int = own["before"]
        return total + self._growing.count(growing) - before

    def _whole_file(self, file: Path) -> int:
        """A file in a spool directory does not change; only its name does."""
        try:
            status = file.stat()
            key = (status.st_ino, status.st_size)
            if key not in self._whole:
                self._whole[key] = LogFile(file).count()
        except (OSError, LabError):
            return 0  # it is being renamed; the next sample has it
        return self._whole[key]
