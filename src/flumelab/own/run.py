"""Runs a user's program, conf and log as plain processes, from the start to the hops' verdict."""

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psutil

from flumelab import flume_metrics
from flumelab.errors import LabError
from flumelab.own import adapt, feed, hops, inputs
from flumelab.own import conf as confs
from flumelab.own.adapt import Folders, Replacement
from flumelab.own.conf import SPARK_SINK, Component
from flumelab.own.hops import Hops
from flumelab.own.inputs import LogFile
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Say
from flumelab.settings import LOOPBACK, Settings

START_SECONDS_MAX = 120
FLUME_STOP_SECONDS_MAX = 45
PROGRAM_STOP_SECONDS_MAX = 90
QUIET_SECONDS = 8.0
"""Hops that differ and have not moved for so long will not agree any more."""
WAIT_SECONDS_MAX = 300.0
POLL_SECONDS = 0.5
PROGRAM, FLUME = "program", "flume"


@dataclass(frozen=True)
class Wish:
    """What the user asks for.

    :param conf: None: the program reads from no Flume of the lab's
    :param submit: options for spark-submit
    :param mapped: folders of the user's choice for paths that are not there
    """

    program: Path
    conf: Path | None = None
    agent: str | None = None
    log: Path | None = None
    submit: Sequence[str] = ()
    arguments: Sequence[str] = ()
    mapped: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """`ended`: the program has ended by itself, with this exit code; None while it ran."""

    hops: Hops
    output: str
    failed: bool


class OwnRun:
    """One run in a state folder of its own, which begins empty."""

    def __init__(self, wish: Wish, settings: Settings, say: Say) -> None:
        self._wish = wish
        self._settings = settings
        self._say = say
        self._state = settings.state / "own"
        self._processes = Processes(self._state)
        self._folders = Folders(self._state / "files", wish.mapped)
        self._conf = confs.read(wish.conf, wish.agent) if wish.conf else None
        self._files: list[LogFile] = []
        self._fed: Component | None = None

    def run(self) -> Outcome:
        """Start, feed, wait until nothing moves, stop, and compare the hops."""
        if not self._wish.program.is_file():
            raise LabError(f"{self._wish.program} is not there; name a Python program")
        self._look_at_the_log()
        shutil.rmtree(self._state, ignore_errors=True)
        self._state.mkdir(parents=True)
        try:
            self._start()
            lines_in = self._feed()
            self._wait(lines_in)
            ports = self._ports()
            self._stop()
            ended = self._hops(lines_in, ports)
        finally:
            for name in (FLUME, PROGRAM):
                self._processes.stop(name, PROGRAM_STOP_SECONDS_MAX)
        log = self._state / "logs" / f"{PROGRAM}.log"
        return Outcome(ended, log.read_text(errors="replace"), self._failed)

    def _look_at_the_log(self) -> None:
        if not self._wish.log:
            return
        self._files, left_out = inputs.files_of(self._wish.log)
        for sentence in left_out:
            self._say(sentence)
        if not self._conf:
            raise LabError("--input needs --conf: the log goes into a source of the agent")
        self._fed = feed.source_to_feed(self._conf)

    def _start(self) -> None:
        pulls = self._conf and any(s.type == SPARK_SINK for s in self._conf.sinks.values())
        if pulls:
            self._start_flume()
            self._start_program()
        else:
            self._start_program()
            if self._conf:
                self._start_flume()

    def _start_program(self) -> None:
        self._say(f"starting Spark with {self._wish.program}")
        master = f"local[{max(2, os.cpu_count() or 1) + 2}]"
        command = [
            *["spark-submit", "--master", master],
            *["--properties-file", str(self._settings.root / "spark-conf/spark-defaults.conf")],
            *["--conf", f"spark.ui.port={self._settings.ui_port}"],
            *self._wish.submit,
            str(Path(__file__).with_name("launch.py")),
            str(self._wish.program.absolute()),
            *self._wish.arguments,
        ]
        environment = {
            "LAB_MASTER": master,
            "LAB_OWN_FOLDERS": str(self._state / "files"),
            "LAB_OWN_MAP": json.dumps({old: str(new) for old, new in self._wish.mapped.items()}),
            "PROGRESS": str(self._progress_file),
            "STOP_FILE": str(self._stop_file),
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_CONF_DIR": "",
            "SPARK_SUBMIT_OPTS": f'"-Dlog4j2.configurationFile={self._settings.root}/spark-conf/log4j2.properties"',
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONUNBUFFERED": "1",
        }
        folder = self._state / "work"
        folder.mkdir()
        self._processes.start(PROGRAM, command, os.environ | environment, folder)
        self._processes.wait_until(PROGRAM, self._program_is_ready, START_SECONDS_MAX)

    def _program_is_ready(self) -> bool:
        """A program that is pushed to has to listen first; of another it is enough that it runs."""
        if not self._progress_file.exists():
            return False
        wanted = self._pushed_ports()
        return not wanted or bool(wanted & self._listening()) or bool(self._listening_elsewhere())

    def _start_flume(self) -> None:
        assert self._conf
        replacements = adapt.adapt(self._conf, self._folders, self._fed.name if self._fed else None)
        for each in replacements:
            if each.told:
                self._say(each.told)
        conf = self._state / "agent.conf"
        conf.write_bytes(adapt.text_of(self._conf, replacements))
        self._fed = _with(self._fed, replacements)
        metrics = self._state / "metrics"
        metrics.mkdir()
        self._say(f"starting Flume with {self._conf.file}, agent {self._conf.agent}")
        environment = {
            "FLUME_HOME": str(self._settings.root / "runtimes/flume/target/flume"),
            "FLUME_CONF": str(conf),
            "FLUME_AGENT": self._conf.agent,
            "FLUME_METRICS_PORT": str(self._settings.metrics_port),
            "FLUME_METRICS_DIR": str(metrics),
        }
        agent = [str(self._settings.root / "flume-conf/agent")]
        self._processes.start(FLUME, agent, os.environ | environment, self._state)
        ready = partial(flume_metrics.live, self._settings.metrics_port)
        self._processes.wait_until(FLUME, lambda: bool(ready()), START_SECONDS_MAX)

    def _feed(self) -> int | None:
        if not self._fed:
            return None
        self._say(f"feeding {', '.join(str(f.path) for f in self._files[:3])}")
        return feed.feed(self._fed, self._files)

    def _wait(self, lines_in: int | None) -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        last, since = None, time.monotonic()
        while time.monotonic() < deadline and PROGRAM in self._processes.running():
            now = self._hops(lines_in, self._ports())
            if now != last:
                last, since = now, time.monotonic()
            if now.agree or time.monotonic() - since > QUIET_SECONDS:
                return
            time.sleep(POLL_SECONDS)

    def _stop(self) -> None:
        self._failed = PROGRAM not in self._processes.running()
        if self._conf:
            self._say("stopping Flume")
            self._processes.stop(FLUME, FLUME_STOP_SECONDS_MAX)
        self._say("stopping Spark once it has counted what it received")
        self._stop_file.touch()
        deadline = time.monotonic() + PROGRAM_STOP_SECONDS_MAX
        while PROGRAM in self._processes.running() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _hops(self, lines_in: int | None, ports: frozenset[int] | None) -> Hops:
        files = (file.read_text() for file in (self._state / "metrics").glob("*.json"))
        runs = flume_metrics.runs(files, self._settings.metrics_port) if self._conf else ()
        try:
            progress = json.loads(self._progress_file.read_text())
        except FileNotFoundError:
            progress = {}
        return hops.of(self._conf, runs, progress, lines_in, ports)

    @property
    def _progress_file(self) -> Path:
        return self._state / "progress.json"

    @property
    def _stop_file(self) -> Path:
        return self._state / "stop"

    def _pushed_ports(self) -> frozenset[int]:
        sinks = self._conf.spark_sinks() if self._conf else []
        return frozenset(int(s.settings["port"]) for s in sinks if s.type != SPARK_SINK)

    def _ports(self) -> frozenset[int] | None:
        """Where the program listens for sinks; None where no sink pushes to it."""
        return (self._pushed_ports() & self._listening()) or None

    def _listening(self) -> frozenset[int]:
        record = self._processes.running().get(PROGRAM)
        if not record:
            return frozenset()
        parent = psutil.Process(record.pid)
        found: set[int] = set()
        for process in [parent, *parent.children(recursive=True)]:
            try:
                found |= {
                    c.laddr.port for c in process.net_connections("tcp") if c.status == "LISTEN"
                }
            except psutil.Error:
                continue
        return frozenset(found)

    def _listening_elsewhere(self) -> frozenset[int]:
        return frozenset()


def _with(source: Component | None, replacements: Sequence[Replacement]) -> Component | None:
    if not source:
        return None
    changed = {
        r.key.removeprefix(source.prefix): r.value
        for r in replacements
        if r.key.startswith(source.prefix)
    }
    return replace(source, settings={**source.settings, **changed})
