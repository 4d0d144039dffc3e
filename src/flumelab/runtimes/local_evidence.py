"""The evidence of processes of this host; see `Evidence`."""

import os
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import psutil

from flumelab import flume_metrics
from flumelab.runtimes.evidence import RunningConf
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.servers import SERVERS
from flumelab.signs.log_text import log_lines
from flumelab.signs.snapshot import Counters, File, Folder, Kind, LogLine, Part

HEAD_BYTES, TAIL_BYTES = 1 << 18, 1 << 22  # of a log: its start, and what has happened last
POSITION_FILE_BYTES = 512
FOLDER_DEPTH_MAX, FOLDER_FILES_MAX = 4, 20_000  # a user's folder may be the root of a disk
FLUME = "flume"


class LocalEvidence:
    """Reads the logs, asks the agent over HTTP, and lists folders.

    :param utc: whether the programs' logs have UTC instead of local time
    :param cut: the file that cuts the link while it exists; None for a lab without one
    """

    def __init__(
        self,
        processes: Processes,
        metrics_port: int,
        utc: bool = False,
        cut: Path | None = None,
    ) -> None:
        self._cut = cut
        self._processes = processes
        self._port = metrics_port
        self._utc = utc

    def parts(self) -> list[Part]:
        """Those that the state folder has on record."""
        running = self._processes.running()
        records = {**running, **self._processes.dead()}
        return [
            Part(name, kind_of(name), "running" if name in running else "stopped")
            for name in records
        ]

    def is_cut(self) -> bool:
        """Look for the file."""
        return self._cut is not None and self._cut.exists()

    def log(self, service: str) -> list[LogLine]:
        """Read the service's file."""
        file = self._processes.log(service)
        if not file.exists():
            return []
        written = file.stat().st_mtime
        utc = self._utc and kind_of(service) is Kind.PROGRAM
        offset = 0 if utc else time.localtime(written).tm_gmtoff
        return log_lines(_ends_of(file), written, offset)

    def conf(self) -> RunningConf | None:
        """Read the file that the agent's environment names."""
        record = self._processes.running().get(FLUME)
        if not record:
            return None
        try:
            environment = psutil.Process(record.pid).environ()
            text = Path(environment["FLUME_CONF"]).read_text("utf-8", "replace")
        except (psutil.Error, OSError, KeyError):  # it is just starting, or has just ended
            return None
        return RunningConf(text, environment.get("FLUME_AGENT", "lab"), environment)

    def counters(self) -> Counters:
        """Ask the agent."""
        return flume_metrics.current_run(self._port)

    def moved(self) -> Mapping[str, Mapping[str, float]]:
        """Ask the agent."""
        return flume_metrics.moved(self._port)

    def folder(self, path: str) -> Folder:
        """List it."""
        return folder_at(path)


def folder_at(path: str) -> Folder:
    """List a folder with its sub-folders."""
    return Folder(path, tuple(islice(_files(Path(path)), FOLDER_FILES_MAX)))


def kind_of(service: str) -> Kind:
    """Return the kind of a service of the local runtime."""
    if service in SERVERS:
        return Kind.OTHER
    kinds = {FLUME: Kind.FLUME, "receiver": Kind.RECEIVER, "link": Kind.OTHER}
    return kinds.get(service, Kind.PROGRAM)


def _ends_of(file: Path) -> str:
    with file.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(0)
        if size <= HEAD_BYTES + TAIL_BYTES:
            return log.read().decode("utf-8", "replace")
        head = log.read(HEAD_BYTES)
        log.seek(size - TAIL_BYTES)
        tail = log.read()
    return b"\n".join([head, tail]).decode("utf-8", "replace")


def _files(folder: Path) -> Iterator[File]:
    for directory, below, names in os.walk(folder):
        if len(Path(directory).relative_to(folder).parts) >= FOLDER_DEPTH_MAX:
            below.clear()
        for name in sorted(names):
            path = Path(directory, name)
            try:
                found = path.stat()
                is_position = name.endswith((".meta", ".json")) and found.st_size < 1 << 20
                head = path.read_bytes()[:POSITION_FILE_BYTES] if is_position else b""
            except OSError:  # Flume has renamed it meanwhile
                continue
            yield File(str(path.relative_to(folder)), found.st_size, found.st_ctime, head)
