"""The parts of a lab in containers, as another container of its network sees them."""

import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flumelab.lessons.catalogue import Input, Lesson
from flumelab.page.flume_counters import FRESH_SECONDS, last_written
from flumelab.page.http_json import JsonServer, NotFound, NotThere
from flumelab.page.state import DEAD, DOWN, RUNNING, STARTING, Part
from flumelab.runtimes.evidence import RunningConf
from flumelab.runtimes.local_evidence import folder_at
from flumelab.signs.snapshot import Counters, Folder, Kind, LogLine
from flumelab.signs.snapshot import Part as SignedPart

PROBE_SECONDS_MAX = 0.5
METRICS_PORT, UI_PORT = 4144, 4040
PORTS = {
    "receiver": 9092, "kafka": 9092, "s3": 7070, "db": 3306, "spark-master": 8080,
    "spark-worker": 8081, "spark-ingest": 8081,
}  # fmt: skip
FLUMES = {Input.PUSH: "flume", Input.PULL: "flume-pull", Input.LANDING: "flume-exactly-once"}
GROWING_LOG_FLUME = "flume-growing-log"
SINK_ADDRESSES = {
    Input.PUSH: ("spark-ingest", 4141),
    Input.PULL: ("flume-pull", 4141),
    Input.LANDING: ("receiver", 9092),
}
"""Where the sink of each agent sends, or listens; see compose.yaml."""
CUT_SECONDS = 1.5
"""An agent off the network has written its counters within this time; a dead one has not."""
CLOCK_SECONDS = 0.1  # the clock of files may be behind by some milliseconds


def agent_of(lesson: Lesson) -> str:
    """Return the service that runs a lesson's agent; empty without Flume."""
    return GROWING_LOG_FLUME if lesson.appends else FLUMES.get(lesson.program.reads, "")


class Containers:
    """The parts of a lesson, by host name and port, in the order of the flow."""

    def __init__(self, lesson: Lesson, metrics: Path) -> None:
        self._ports = ports_of(lesson)
        self._agent = agent_of(lesson)
        self._metrics = metrics
        self._seen: set[str] = set()
        self._gone: dict[str, float] = {}
        self._cut = False
        self._pool = ThreadPoolExecutor(len(self._ports))

    def parts(self) -> list[Part]:
        """Ask all at once whether they listen."""
        states = list(self._pool.map(_probe, self._ports.items()))
        now = time.time()
        return [
            self._part(name, state, now) for name, state in zip(self._ports, states, strict=True)
        ]

    def is_cut(self) -> bool:
        """Whether the agent was off the network when the parts were asked last."""
        return self._cut

    def _part(self, name: str, state: str, now: float) -> Part:
        if name == self._agent:
            self._cut = state != RUNNING and self._writes_unseen(now)
        if state == RUNNING:
            self._seen.add(name)
            self._gone.pop(name, None)
        elif name in self._seen:
            self._gone.setdefault(name, now)
            may_be_cut = name == self._agent and now - last_written(self._metrics) < CUT_SECONDS
            dead = not self._cut and not may_be_cut
            return Part(name, DEAD, ended(name)) if dead else Part(name, RUNNING)
        return Part(name, state)

    def _writes_unseen(self, now: float) -> bool:
        """Whether the agent lives although it cannot be reached: it writes its counters.

        What it wrote just before it could not be reached any more does not count.
        """
        gone = self._gone.get(self._agent)
        written = last_written(self._metrics)
        return gone is not None and written > gone + CLOCK_SECONDS and now - written < FRESH_SECONDS


def ended(name: str) -> str:
    """Say that a container that ran cannot be reached."""
    return (
        f"{name}: it cannot be reached any more, so it has ended; "
        f"read its log: flumelab logs {name}, then start it again with flumelab start {name}"
    )


def ports_of(lesson: Lesson) -> Mapping[str, int]:
    """Return the services of a lesson with the port on which each listens."""
    names: dict[str, int] = {server: PORTS[server] for server in lesson.servers}
    if lesson.uses_flume:
        names[agent_of(lesson)] = METRICS_PORT
    if lesson.uses_landing_log:
        names["receiver"] = PORTS["receiver"]
    names |= {name: PORTS[name] for name in ("spark-master", "spark-worker")}
    if lesson.program.reads is Input.PUSH:
        names["spark-ingest"] = PORTS["spark-ingest"]
    names |= {program.service: UI_PORT for program in lesson.programs}
    return names


def _probe(service: tuple[str, int]) -> str:
    try:
        with socket.create_connection(service, timeout=PROBE_SECONDS_MAX):
            return RUNNING
    except socket.gaierror:
        return DOWN
    except OSError:
        return STARTING


class ContainerEvidence:
    """What can be seen of the parts without the engine: no logs. See `Evidence`."""

    def __init__(
        self,
        lesson: Lesson,
        conf: Path,
        parts: Callable[[], list[Part]],
        is_cut: Callable[[], bool],
    ) -> None:
        self._lesson, self._conf, self._parts = lesson, conf, parts
        self.is_cut = is_cut
        self._flume = agent_of(lesson)

    def parts(self) -> list[SignedPart]:
        """Those that listen, and those that did."""
        states = {RUNNING: "running", DEAD: "stopped"}
        return [
            SignedPart(part.name, self._kind(part.name), states.get(part.state, "starting"))
            for part in self._parts()
        ]

    def log(self, service: str) -> list[LogLine]:
        """Nothing: only the engine has the logs."""
        return []

    def conf(self) -> RunningConf | None:
        """Read the conf that compose.yaml mounts."""
        try:
            text = self._conf.read_text("utf-8", "replace")
        except OSError:
            return None
        host, port = SINK_ADDRESSES.get(self._lesson.program.reads, ("", 0))
        variables = {"FLUME_SPOOL_DIR": "/data/spool", "FLUME_CHANNEL_DIR": "/data/channel"}
        sink = {"FLUME_SINK_HOST": host, "FLUME_SINK_PORT": str(port)}
        return RunningConf(text, "lab", variables | sink)

    def counters(self) -> Counters:
        """Ask the agent."""
        return self._ask("/metrics")

    def moved(self) -> Mapping[str, Mapping[str, float]]:
        """Ask the agent."""
        return self._ask("/moved")

    def folder(self, path: str) -> Folder:
        """List it in the volume."""
        return folder_at(path)

    def _ask(self, path: str) -> Counters:
        if not self._flume:
            return {}
        try:
            found: Counters = JsonServer(self._flume, METRICS_PORT).get(path)
            return found
        except (NotThere, NotFound):
            return {}

    def _kind(self, name: str) -> Kind:
        if name == self._flume:
            return Kind.FLUME
        if name == "receiver":
            return Kind.RECEIVER
        program = name in [program.service for program in self._lesson.programs]
        return Kind.PROGRAM if program else Kind.OTHER
