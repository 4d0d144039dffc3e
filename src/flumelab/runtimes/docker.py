"""The Docker runtime: the services of compose.yaml."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from flumelab import flume_metrics
from flumelab.counts import Counts
from flumelab.errors import LabError, NotStarted
from flumelab.ledger import HopCounts
from flumelab.lessons.catalogue import SECOND, SERVICES, Input, Lesson
from flumelab.runtimes import sub_folders
from flumelab.runtimes.docker_compose import DockerCompose
from flumelab.runtimes.docker_evidence import DockerEvidence
from flumelab.runtimes.docker_images import BASE, DockerImages
from flumelab.runtimes.runtime import Report, Service, growing_log_options
from flumelab.runtimes.servers import BUCKET, SERVERS, TOPIC
from flumelab.settings import LOOPBACK, Settings
from flumelab.signs.snapshot import Kind

FLUMES = ("flume", "flume-pull", "flume-exactly-once", "flume-growing-log")
FLOW = [
    *SERVERS,
    *("loadgen", *FLUMES, "receiver", "spark-master", "spark-worker", "spark-ingest"),
    *sorted(SERVICES),
    SECOND,
]
SHARED_BY_LESSONS = ("loadgen", "spark-master", "spark-worker", "spark-ingest")
OTHER_VOLUMES = ("results", "flume-metrics", "flume-channel", *SERVERS)
"""The volumes that no shared service mounts."""
LEDGER = ["--ledger", "/data/ledger/ledger.jsonl"]
SPOOL = "/data/spool"
GENERATOR = ["--spool", SPOOL, *LEDGER]
JARS = "/opt/lab/jars/*.jar"
DATABASE = "mysql+pymysql://db:3306/lab?read_default_file=/data/credentials/my.cnf"
TARGETS = {
    Input.SOCKET: "tcp://0.0.0.0:4141",
    Input.KAFKA: f"kafka://kafka:9092/{TOPIC}",
    Input.S3: f"s3://{BUCKET}",
}
KINDS = {
    Kind.FLUME: FLUMES,
    Kind.PROGRAM: (*sorted(SERVICES), SECOND),
    Kind.RECEIVER: ("receiver",),
}
LOG_LINES = 15
ERROR_LINES = 400  # of a program: the JVM's errors below its own are long
START_SECONDS_MAX = 120  # a busy laptop may need as long
POLL_SECONDS = 0.5
CLEAR_LINE = "\x1b[2K"
"""Compose 2.26 starts each line of a log with this, even if the output is not a terminal."""


class DockerRuntime:
    """The services of compose.yaml, under one project name."""

    name = "docker"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._compose = DockerCompose(settings)
        self._images = DockerImages(settings, self._compose)

    def build(self, report: Report, servers: Sequence[str] = ()) -> None:
        """Build the images with `docker compose build`."""
        self._images.build((BASE, *servers), report)

    def is_built(self) -> bool:
        """Look for the images that every lesson needs."""
        return self._images.exist(BASE)

    def up(self, lesson: Lesson, report: Report) -> None:
        """Start the services; Compose starts each one when those that it depends on are healthy."""
        program = lesson.program
        if others := {s.name for s in self.services()} & SERVICES - {program.service}:
            raise LabError(f"{', '.join(others)} is up; run flumelab down first")
        was_up = bool(self.services())
        report(f"starting the services for {lesson.name}")
        try:
            self._start(_choose(lesson))
        except LabError as error:
            states = {each.name: each.state for each in self.services()}
            ended = [name for name, state in states.items() if state == "stopped"]
            waiting = [name for name, state in states.items() if state != "running"]
            logs = {name: self.log_tail(name, ERROR_LINES) for name in ended}
            failed = next(iter([*ended, *waiting]), None)
            log = self.log_tail(failed, LOG_LINES) if failed else ""
            if not was_up:
                self._compose.output("down")
            raise NotStarted(f"{error}\n{log}", logs) from None

    def _start(self, environment: Mapping[str, str]) -> None:
        """Create the containers, and wait until each service is healthy."""
        self._compose.output("up", "--detach", "--wait", "--no-build", environment=environment)

    def down(self, report: Report) -> None:
        """Remove the containers; the volumes stay."""
        report("stopping the services")
        self._compose.output("down")

    def kill(self, service: str) -> None:
        """Run `docker compose kill`; such a container is not restarted by the engine."""
        if service not in {each.name for each in self.services() if each.state != "stopped"}:
            raise LabError(f"{service} does not run; flumelab status shows what runs")
        self._compose.output("kill", service)

    def start(self, service: str, report: Report) -> None:
        """Start its containers, not with Compose, which might replace them by newer images'."""
        found = [each.state for each in self.services() if each.name == service]
        if "stopped" not in found:
            fact = "runs already" if found else "has no container"
            raise LabError(f"{service} {fact}; flumelab status shows the parts")
        report(f"starting {service}")
        containers = self._compose.output("ps", "--all", "--quiet", service).split()
        done = subprocess.run(
            ["docker", "start", *containers], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LabError(f"docker start failed: {done.stderr.strip()}")
        self._await(service)

    def _await(self, service: str) -> None:
        """Wait until a service is healthy; raises `LabError` if it ends or is late."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            states = {each.state for each in self.services() if each.name == service}
            if states == {"running"}:
                return
            late = time.monotonic() > deadline
            if "stopped" in states or late:
                fact = f"is not ready after {START_SECONDS_MAX} s" if late else "ended at its start"
                raise LabError(f"{service} {fact}:\n{self.log_tail(service, LOG_LINES)}")
            time.sleep(POLL_SECONDS)

    def cut(self) -> None:
        """Take the agent's container off the network; its packets are lost without a word."""
        self._network("disconnect")

    def mend(self) -> None:
        """Put it back, under its name."""
        self._network("connect")

    def _network(self, verb: str) -> None:
        [agent] = self._running_one_of(FLUMES)
        container = self._compose.output("ps", "-q", agent).strip()
        alias = ["--alias", agent] if verb == "connect" else []
        network = f"{self._settings.project}_default"
        command = ["docker", "network", verb, *alias, network, container]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"docker network {verb} failed: {done.stderr.strip()}")

    def services(self) -> list[Service]:
        """Ask `docker compose ps`."""
        lines = self._compose.output("ps", "-a", "--format", "json").splitlines()
        rows = [json.loads(line) for line in lines]
        ui = f"http://{LOOPBACK}:{self._settings.ui_port}"
        addresses = {
            **dict.fromkeys(FLUMES, flume_metrics.url(self._settings.metrics_port)),
            "spark-master": f"http://{LOOPBACK}:{self._settings.master_port}",
            **dict.fromkeys(SERVICES, ui),
        }
        rows.sort(key=lambda row: (_position_in_flow(row["Service"]), row["Name"]))
        return [
            Service(row["Service"], _state(row), addresses.get(row["Service"], "")) for row in rows
        ]

    def feed(self, options: Sequence[str], replay: Path | None, quiet: bool = False) -> int:
        """Run a second generator in the container of the first."""
        terminal = [] if os.isatty(0) and os.isatty(1) and not (replay or quiet) else ["-T"]
        generator = ["python3", "-m", "loadgen", *GENERATOR, *options]
        command = ["exec", *terminal, "loadgen", *generator]
        if replay:
            with replay.open("rb") as lines:
                return self._compose.run(
                    [*command, "--replay", "-"], stdin=lines.fileno()
                ).returncode
        done = self._compose.run(command, capture=quiet)
        if quiet and done.returncode:
            print(done.stderr, end="", file=sys.stderr)
        return done.returncode

    def counts(self) -> Counts:
        """Read the result store in the driver's container."""
        return self._counts_in(*self._running_one_of(SERVICES))

    def hop_counts(self) -> HopCounts:
        """Ask in the containers of the generator, of Flume and of the driver."""
        audit = self._loadgen("loadgen.audit", *GENERATOR)
        all_files = r"for run in /data/metrics/*.json; do cat $run; printf '\0'; done"
        agent, driver = self._running_one_of(FLUMES, SERVICES)
        files = self._compose.output_in(agent, ["sh", "-c", all_files]).split("\0")[:-1]
        return HopCounts(
            generated=Counts(audit["generated"]["urls"], audit["generated"]["malformed"]),
            spooled=audit["spooled"],
            flume_runs=flume_metrics.all_runs(files, self._settings.metrics_port),
            counted=self._counts_in(driver),
            subfolders=audit["subfolders"],
            subfolders_read=sub_folders.read_by_flume(self.evidence(), audit["subfolders"]),
        )

    def evidence(self) -> DockerEvidence:
        """Ask the services that are up."""
        port = self._settings.metrics_port
        return DockerEvidence(self._compose, self.services(), KINDS, port, self._is_cut)

    def _is_cut(self) -> bool:
        """Whether the agent's container runs without a network."""
        lines = self._compose.output("ps", "--format", "json", *FLUMES).splitlines()
        return any(json.loads(line).get("Networks") == "" for line in lines)

    def target_options(self, lesson: Lesson) -> Sequence[str]:
        """Name a socket of the generator's container, a server, or else the shared volume."""
        if lesson.appends:
            return growing_log_options(SPOOL)
        target = TARGETS.get(lesson.program.reads)
        return ["--to", target] if target else []

    def expected(self, options: Sequence[str]) -> Any:
        """Ask in the generator's container, which has the ledger."""
        return self._loadgen("loadgen.expected", *LEDGER, *options)

    def wipe(self, report: Report) -> None:
        """Remove the containers and the volumes, so no service need finish what it does."""
        self._compose.output("down", "--volumes", "--timeout", "0")

    def clear_for_next(self, report: Report) -> None:
        """Keep the generator, Spark's master and its workers up, and empty the volumes."""
        ended = [s.name for s in self.services() if s.name not in SHARED_BY_LESSONS]
        self._compose.output("kill", *ended)
        self._compose.output("rm", "--force", *ended)
        empty = "find {} -mindepth 1 -delete"
        checkpoints = empty.format("/data/checkpoint /data/landing").split()
        self._compose.output_in("spark-master", checkpoints)
        self._compose.output_in("loadgen", empty.format("/data/spool /data/ledger").split())
        volumes = [f"{self._settings.project}_{name}" for name in OTHER_VOLUMES]
        command = ["docker", "volume", "rm", "--force", *volumes]
        subprocess.run(command, capture_output=True, check=True)

    def log_tail(self, service: str, lines: int) -> str:
        """Ask `docker compose logs`."""
        log = self._compose.output("logs", "--no-log-prefix", "--tail", str(lines), service)
        return log.replace(CLEAR_LINE, "")

    def print_logs(self, service: str | None, follow: bool) -> None:
        """Run `docker compose logs`."""
        options = [*(["--follow"] if follow else []), *([service] if service else [])]
        self._compose.run(["logs", "--tail", "200", *options])

    def _running_one_of(self, *groups: Collection[str]) -> list[str]:
        """Return the running service of each group; raises `LabError` if a group has none."""
        names = [service.name for service in self.services()]
        found = [next((name for name in names if name in group), "") for group in groups]
        if not all(found):
            raise LabError("the lab is down; flumelab up starts it")
        return found

    def _counts_in(self, driver: str) -> Counts:
        command = ["python", "-m", "flumelab.programs.result_store"]
        return Counts(**json.loads(self._compose.output_in(driver, command)))

    def _loadgen(self, module: str, *options: str) -> Any:
        """Run a module of the generator and return the JSON that it prints."""
        command = ["python3", "-m", module, *options]
        return json.loads(self._compose.output_in("loadgen", command))


def _choose(lesson: Lesson) -> dict[str, str]:
    """The variables that make compose.yaml run this lesson without feeding it."""
    services = [program.service for program in lesson.programs]
    chosen = {
        "LAB_LINES": "0",
        "COMPOSE_PROFILES": ",".join((*services, *lesson.servers)),
        "LAB_PROGRAM": lesson.program.file,
        "LAB_CONF": lesson.conf,
        "LAB_JARS": JARS if lesson.servers else "",
    }
    if len(lesson.programs) > 1:
        chosen["LAB_SECOND_PROGRAM"] = lesson.programs[1].file
    if "db" in lesson.servers:
        chosen["LAB_RESULTS_URL"] = DATABASE
    return chosen


def _position_in_flow(service: str) -> int:
    return FLOW.index(service) if service in FLOW else len(FLOW)


def _state(row: Mapping[str, str]) -> str:
    """The state of a `Service`, from a row of `docker compose ps`."""
    if row["State"] != "running":
        return "stopped"
    return {"starting": "starting", "unhealthy": "unhealthy"}.get(row["Health"], "running")
