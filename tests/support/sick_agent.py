"""One Flume agent with a source, channel or sink for each way to get stuck, each in a folder."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from flumelab.own.snapshot import take
from flumelab.runtimes.class_data_sharing import QUICK_JVM
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.processes import Processes
from flumelab.signs import Sign, find
from tests.support.flume import FLUME_HOME
from tests.support.ports import free_port
from tests.support.spark import ROOT
from tests.support.waiting import wait_for

T = TypeVar("T")
STILL_SECONDS = 6.0


class SickAgent:
    """An agent `a1`, started as the lab starts one, whose signs are found as `status` does it."""

    def __init__(self, folder: Path) -> None:
        if not (FLUME_HOME / "lib").is_dir():
            pytest.skip(f"{FLUME_HOME} is missing: mvn -f runtimes/pom.xml package")
        self.folder = folder
        self.metrics_port = free_port()
        self.flume_home = FLUME_HOME
        self.processes = Processes(folder / "state")
        self.evidence = LocalEvidence(self.processes, self.metrics_port)
        self._conf: list[str] = []
        self._names: dict[str, list[str]] = {}

    def add(self, kind: str, name: str, **settings: object) -> None:
        """Add a source, channel or sink; an underscore in a key stands for a dot."""
        self._names.setdefault(kind, []).append(name)
        self.write(f"{kind}.{name}", **settings)

    def write(self, place: str, **settings: object) -> None:
        """Write properties without listing a component."""
        lines = (f"a1.{place}.{key.replace('_', '.')} = {value}" for key, value in settings.items())
        self._conf += lines

    def spool(self, name: str, **files: str) -> Path:
        """Make a spool folder with files; an underscore in a name stands for a dot."""
        folder = self.folder / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file.replace("_", ".")).write_text(text)
        return folder

    def source(self, name: str, spool: Path, channels: str, **more: object) -> None:
        """Add a spooldir source."""
        self.add("sources", name, type="spooldir", spoolDir=spool, channels=channels, **more)

    def add_stray_jar(self) -> None:
        """Use a Flume of its own, with a jar directly in plugins.d."""
        home = self.folder / "flume"
        (home / "plugins.d").mkdir(parents=True)
        for each in (*FLUME_HOME.iterdir(), *(FLUME_HOME / "plugins.d").iterdir()):
            if each.name != "plugins.d":
                (home / each.relative_to(FLUME_HOME)).symlink_to(each)
        (home / "plugins.d/my.jar").touch()
        self.flume_home = home

    def start(self, agent: str = "a1") -> None:
        lists = [f"a1.{kind} = {' '.join(names)}" for kind, names in self._names.items()]
        conf = self.folder / "agent.conf"
        conf.write_text("\n".join([*lists, *self._conf, ""]))
        environment = {
            **os.environ,
            "FLUME_HOME": str(self.flume_home),
            "FLUME_CONF": str(conf),
            "FLUME_AGENT": agent,
            "FLUME_METRICS_PORT": str(self.metrics_port),
            "FLUME_JAVA_OPTS": f"-Xmx256m {QUICK_JVM}",
            "FLUMELINT": "true",  # has its own tests, and needs a Python each time
        }
        command = [str(ROOT / "flume-conf" / "agent")]
        self.processes.start("flume", command, environment, self.folder)

    def signs(self) -> dict[str, Sign]:
        """Return the signs, by name and place: ``sink-refused sink k1``."""
        found = find(take(self.evidence, still_seconds=STILL_SECONDS))
        return {f"{sign.name} {sign.place}": sign for sign in found}

    def wait_for(self, what: Callable[[], T], claim: str) -> T:
        return wait_for(what, f"{claim}: {sorted(self.signs())}")

    def sign(self, name: str) -> Sign:
        """Wait for the sign of this name and place, and return it."""
        return wait_for(lambda: self.signs().get(name), f"{name}")

    def log(self) -> str:
        return self.processes.log("flume").read_text("utf-8", "replace")

    def end(self) -> None:
        self.processes.stop("flume", 0)


class SilentServer:
    """Accepts connections, and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self._open.append(self._socket.accept()[0])
            except OSError:
                return

    def end(self) -> None:
        self._socket.close()
        for connection in self._open:
            connection.close()


def touch_later(path: Path) -> None:
    """Append a line, at a time that differs from that of the file."""
    time.sleep(0.01)
    with path.open("a") as file:
        file.write("more\n")
