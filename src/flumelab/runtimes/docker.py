"""The Docker runtime: compose.yaml, driven by the `docker compose` command."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from flumelab import flume_metrics
from flumelab.counts import Counts
from flumelab.errors import LabError
from flumelab.ledger import Evidence
from flumelab.lessons.catalogue import SECOND, SERVICES, App
from flumelab.runtimes.build_stamp import Stamp
from flumelab.runtimes.runtime import Say, Service
from flumelab.runtimes.servers import BUCKET, NAMES, TOPIC
from flumelab.settings import LOOPBACK, Settings

# What is built together, and of what.
BASE = "base"
IMAGES = {BASE: ("loadgen", "flume", "spark")} | {server: (server,) for server in NAMES}
SERVICE_OF = {"spark": "spark-master"}
SOURCES = {
    BASE: [
        *("connector", "runtimes", "docker", "flume-conf", "loadgen", "requirements", "spark-apps"),
        *("spark-conf", "src", "compose.yaml", "pyproject.toml"),
    ],
    "kafka": [
        *("connector/java/pom.xml", "runtimes/pom.xml", "runtimes/kafka", "docker/kafka"),
        *("docker/Dockerfile", "docker/apt-install", "docker/healthy", "docker/trust-ca"),
    ],
    "s3": [
        *("connector/java/pom.xml", "runtimes/pom.xml", "runtimes/s3-server", "docker/s3"),
        *("docker/Dockerfile", "docker/apt-install", "docker/healthy", "docker/trust-ca"),
    ],
    "db": ["docker/db", "docker/Dockerfile", "docker/apt-install", "docker/healthy"],
}
FLUMES = ("flume", "flume-pull", "flume-exactly-once")
FLOW = [
    *NAMES,
    *("loadgen", *FLUMES, "receiver", "spark-master", "spark-worker", "spark-ingest"),
    *sorted(SERVICES),
    SECOND,
]
CLUSTER = ("loadgen", "spark-master", "spark-worker", "spark-ingest")
VOLUMES = ("results", "flume-metrics", "flume-channel", *NAMES)  # of no one in the cluster
LOADGEN = ["python3", "-m", "loadgen"]
GENERATOR = ["--spool", "/data/spool", "--ledger", "/data/ledger/ledger.jsonl"]
JARS = "/opt/lab/jars/*.jar"
DATABASE = "mysql+pymysql://db:3306/lab?read_default_file=/data/credentials/my.cnf"
WAYS = {
    "socket": ["--to", "tcp://0.0.0.0:4141"],
    "kafka": ["--to", f"kafka://kafka:9092/{TOPIC}"],
    "s3": ["--to", f"s3://{BUCKET}"],
}
ERROR_LINES = 15
CLEAR_LINE = "\x1b[2K"  # Compose 2.26 begins each line of a log so, also where it is no terminal


class DockerRuntime:
    """The services of compose.yaml, under one project name."""

    name = "docker"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def build(self, say: Say, servers: Sequence[str] = ()) -> None:
        """Build the images, unless they are there and of the same sources."""
        stale = [part for part in (BASE, *servers) if not self._is_built(part)]
        if not stale:
            return
        images = [image for part in stale for image in IMAGES[part]]
        say(f"building the images of {', '.join(images)} (first time: minutes)")
        self._compose("build", "--quiet", *(SERVICE_OF.get(image, image) for image in images))
        for part in stale:
            self._stamp(part).set()

    def up(self, app: App, say: Say) -> None:
        """Compose starts each service when those that it needs are healthy."""
        if others := {service.name for service in self.services()} & SERVICES - {app.service}:
            raise LabError(f"{', '.join(others)} is up; flumelab down first")
        say(f"starting the services for {app.name}")
        chosen = {
            "LAB_LINES": "0",
            "COMPOSE_PROFILES": ",".join((*(p.service for p in app.programs), *app.servers)),
            "LAB_PROGRAM": app.program,
            "LAB_CONF": app.conf,
            "LAB_JARS": JARS if app.servers else "",
        }
        if app.second:
            chosen["LAB_SECOND_PROGRAM"] = app.second.program
        if "db" in app.servers:
            chosen["LAB_RESULTS_URL"] = DATABASE
        try:
            self._compose("up", "--detach", "--wait", "--no-build", environment=chosen)
        except LabError as error:
            bad = next((s.name for s in self.services() if s.state != "running"), None)
            log = self.tail(bad, ERROR_LINES) if bad else ""
            self._compose("down")
            raise LabError(f"{error}\n{log}") from None

    def down(self, say: Say) -> None:
        """Removes the containers; the volumes stay."""
        say("stopping the services")
        self._compose("down")

    def services(self) -> list[Service]:
        """From `docker compose ps`."""
        rows = [
            json.loads(line) for line in self._compose("ps", "-a", "--format", "json").splitlines()
        ]
        metrics = flume_metrics.url(self._settings.metrics_port)
        ui = f"http://{LOOPBACK}:{self._settings.ui_port}"
        addresses = {
            **dict.fromkeys(FLUMES, metrics),
            "spark-master": f"http://{LOOPBACK}:{self._settings.master_port}",
            **dict.fromkeys(SERVICES, ui),
        }
        rows.sort(key=lambda row: (_place(row["Service"]), row["Name"]))
        return [
            Service(row["Service"], _state(row), addresses.get(row["Service"], "")) for row in rows
        ]

    def feed(self, options: Sequence[str], replay: Path | None, quiet: bool = False) -> int:
        """Run a second generator in the container of the first."""
        terminal = [] if os.isatty(0) and os.isatty(1) and not (replay or quiet) else ["-T"]
        command = ["exec", *terminal, "loadgen", *LOADGEN, *GENERATOR, *options]
        if not replay:
            done = self._call(command, capture=quiet)
            if quiet and done.returncode:
                print(done.stderr, end="", file=sys.stderr)
            return done.returncode
        with replay.open("rb") as lines:
            return self._call([*command, "--replay", "-"], stdin=lines.fileno()).returncode

    def counts(self) -> Counts:
        """Asked in the driver's container, where the result store is."""
        return self._counted(*self._those_of(SERVICES))

    def evidence(self) -> Evidence:
        """Counted last, so that nothing can seem to be counted before it was generated."""
        audit = json.loads(self._exec("loadgen", ["python3", "-m", "loadgen.audit", *GENERATOR]))
        one_by_one = r"for run in /data/metrics/*.json; do cat $run; printf '\0'; done"
        agent, program = self._those_of(FLUMES, SERVICES)
        files = self._exec(agent, ["sh", "-c", one_by_one]).split("\0")[:-1]
        return Evidence(
            generated=Counts(audit["generated"]["urls"], audit["generated"]["malformed"]),
            spooled=audit["spooled"],
            flume_runs=flume_metrics.runs(files, self._settings.metrics_port),
            counted=self._counted(program),
        )

    def way(self, app: App) -> Sequence[str]:
        """A socket of its own container or a server; else the volume that all share."""
        return WAYS.get(app.source, [])

    def expected(self, options: Sequence[str]) -> Any:
        """By the generator's container, which has the ledger."""
        command = ["python3", "-m", "loadgen.expected", *GENERATOR[2:], *options]
        return json.loads(self._exec("loadgen", command))

    def wipe(self, say: Say) -> None:
        """Removes the containers and the volumes."""
        self._compose("down", "--volumes")

    def clear(self, say: Say) -> None:
        """Leaves the generator, and Spark's master and workers, without what they share."""
        gone = [service.name for service in self.services() if service.name not in CLUSTER]
        self._compose("kill", *gone)
        self._compose("rm", "--force", *gone)
        empty = "find {} -mindepth 1 -delete"
        self._exec("spark-master", empty.format("/data/checkpoint /data/landing").split())
        self._exec("loadgen", empty.format("/data/spool /data/ledger").split())
        volumes = [f"{self._settings.project}_{name}" for name in VOLUMES]
        command = ["docker", "volume", "rm", "--force", *volumes]
        subprocess.run(command, capture_output=True, check=True)

    def tail(self, service: str, lines: int) -> str:
        """By `docker compose logs`."""
        log = self._compose("logs", "--no-log-prefix", "--tail", str(lines), service)
        return log.replace(CLEAR_LINE, "")

    def logs(self, service: str | None, follow: bool) -> None:
        """By `docker compose logs`."""
        options = [*(["--follow"] if follow else []), *([service] if service else [])]
        self._call(["logs", "--tail", "200", *options])

    def _those_of(self, *groups: Collection[str]) -> list[str]:
        """Of each group of services, that one which is there."""
        names = [service.name for service in self.services()]
        there = [next((name for name in names if name in group), "") for group in groups]
        if not all(there):
            raise LabError("the lab is down; flumelab up starts it")
        return there

    def _counted(self, program: str) -> Counts:
        text = self._exec(program, ["python", "-m", "flumelab.programs.result_store"])
        return Counts(**json.loads(text))

    def _stamp(self, part: str) -> Stamp:
        settings = self._settings
        file = settings.state / f"images-{settings.images}-{part}.built"
        return Stamp(file, settings.root, SOURCES[part])

    def _is_built(self, part: str) -> bool:
        names = [f"{self._settings.images}-{image}" for image in IMAGES[part]]
        command = ["docker", "image", "inspect", "--format", "{{.Id}}", *names]
        found = subprocess.run(command, capture_output=True, check=False).returncode == 0
        return found and self._stamp(part).is_current()

    def _exec(self, service: str, command: Sequence[str]) -> str:
        return self._compose("exec", "-T", service, *command)

    def _compose(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        done = self._call(arguments, environment, capture=True)
        if done.returncode:
            end = "\n".join(f"  {line}" for line in done.stderr.splitlines()[-ERROR_LINES:])
            raise LabError(f"docker compose {arguments[0]} failed:\n{end}")
        return done.stdout

    def _call(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        capture: bool = False,
        stdin: int | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        settings = self._settings
        ports = {
            "LAB_METRICS_PORT": str(settings.metrics_port),
            "LAB_UI_PORT": str(settings.ui_port),
            "LAB_MASTER_PORT": str(settings.master_port),
            "LAB_KAFKA_PORT": str(settings.kafka_port),
            "LAB_S3_PORT": str(settings.s3_port),
            "LAB_DB_PORT": str(settings.db_port),
            "LAB_IMAGES": settings.images,
            # Whichever program is up; `up` says which one.
            "COMPOSE_PROFILES": ",".join((*SERVICES, SECOND, *NAMES)),
        }
        try:
            return subprocess.run(
                ["docker", "compose", "--project-name", settings.project, *arguments],
                cwd=settings.root,
                env={**os.environ, **ports, **(environment or {})},
                stdin=stdin,
                capture_output=capture,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise LabError("docker is not installed; install it, or use --runtime local") from None


def _place(service: str) -> int:
    return FLOW.index(service) if service in FLOW else len(FLOW)


def _state(row: Mapping[str, str]) -> str:
    if row["State"] != "running":
        return "stopped"
    return {"starting": "starting", "unhealthy": "unhealthy"}.get(row["Health"], "running")
