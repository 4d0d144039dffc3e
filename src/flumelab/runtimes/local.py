"""The local runtime: the same confs and programs as plain processes, state in one folder.

.lab/local/  spool/  ledger.jsonl  metrics/  channel/  landing/  checkpoint/  results.db  logs/
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from flumelab import flume_metrics
from flumelab.counts import Counts
from flumelab.errors import LabError
from flumelab.ledger import Evidence
from flumelab.lessons.catalogue import SECOND, App
from flumelab.runtimes import class_data_sharing
from flumelab.runtimes.build_stamp import Stamp
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Say, Service
from flumelab.runtimes.servers import JARS, Servers
from flumelab.settings import LOOPBACK, Settings

SPARK_SOURCES = [
    *("connector/java", "connector/pyproject.toml", "connector/wheel_jar.py"),
    *("connector/src/pyspark_flume.pth", "connector/src/pyspark_flume_hook.py"),
    *("runtimes/pom.xml", "runtimes/flume", "requirements/dev.txt"),
    "src/flumelab/runtimes/class_data_sharing.py",
    "src/flumelab/runtimes/class_data_sharing_program.py",
]
SERVER_SOURCES = [
    "connector/java/pom.xml",
    "runtimes/pom.xml",
    "runtimes/kafka/pom.xml",
    "runtimes/s3-server/pom.xml",
    "runtimes/spark-packages/pom.xml",
]
ARCHIVE = Path(sys.prefix) / "flumelab.jsa"
DRIVER_MEMORY = "1g"
TASK_TRIES = 4  # as on a cluster: a Python worker may die

# A cold laptop takes its time; a healthy one takes a tenth of it.
START_SECONDS_MAX = 120
# Flume drains its channel for up to 20 s, and waits 10 s for a file that it is reading.
FLUME_STOP_SECONDS_MAX = 45
DRIVER_STOP_SECONDS_MAX = 60


class LocalRuntime:
    """Flume agent, driver and generator on this host."""

    name = "local"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = settings.root
        self._state = settings.state / "local"
        self._processes = Processes(self._state)
        self._spool = self._state / "spool"
        self._ledger = self._state / "ledger.jsonl"
        self._metrics = self._state / "metrics"
        self._results = os.environ.get("RESULTS_URL", f"sqlite:///{self._state / 'results.db'}")

    def build(self, say: Say, servers: Sequence[str] = ()) -> None:
        """Make the connector's jars and Flume's runtime, and put the jar into PySpark.

        For servers, also Kafka's jars and what Spark needs for them. All labs of a checkout share
        these: one builds at a time, and only what has changed.
        """
        stamp = Stamp(Path(sys.prefix) / "flumelab.built", self._root, SPARK_SOURCES)
        with (Path(sys.prefix) / "flumelab.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if servers:
                self._build_servers(say)
            if stamp.is_current() and (self._flume_home / "lib").is_dir():
                return
            say("building the connector and Flume's runtime with Maven (first time: minutes)")
            self._run(["mvn", "-q", "-B", "-DskipTests", "-f", "runtimes/pom.xml", "package"])
            say("installing the connector into PySpark")
            pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
            self._run([*pip, "--no-build-isolation", "--force-reinstall", "-e", "connector"])
            say("teaching Java which of Spark's classes to have ready at a start")
            try:
                class_data_sharing.make(ARCHIVE)
            except LabError as error:
                say(f"Spark will start, but slower: {error}")
            stamp.set()

    def up(self, app: App, say: Say) -> None:
        """Servers first; the driver before Flume, so that this finds its receiver."""
        with self._locked():
            running = self._processes.running()
            servers = self._servers(app)
            lands = any(program.lands for program in app.programs)
            wanted = [
                *servers.names,
                *(["receiver"] if lands else []),
                *(program.service for program in app.programs),
                *(["flume"] if app.source == "flume" else []),
            ]
            if others := running.keys() - set(wanted):
                raise LabError(
                    f"{self._state}: {', '.join(sorted(others))} still running; flumelab down first"
                )
            if not set(wanted) - running.keys():
                say(f"{app.service} is up already")
                return
            for name in self._processes.dead():
                say(f"{name} had ended without a stop; its state is taken up again")
                self._processes.stop(name, 0)
            try:
                for name in servers.names:
                    if name not in running:
                        self._start_server(servers, name, say)
                if lands and "receiver" not in running:
                    self._start_receiver(app, say)
                starting = [p for p in app.programs if p.service not in running]
                for program in starting:
                    self._start_driver(program, say)
                for program in starting:
                    ready = partial(self._is_ready, program)
                    self._processes.wait_until(program.service, ready, START_SECONDS_MAX)
                if app.source == "flume" and "flume" not in running:
                    self._start_flume(app, say)
            except BaseException:
                self._stop_all(say)
                raise

    def down(self, say: Say) -> None:
        """Flume first: what it has sent is counted before the driver ends."""
        with self._locked():
            self._stop_all(say)

    def services(self) -> list[Service]:
        """Flume and the driver; the generator runs only while it feeds."""
        running, dead = self._processes.running(), self._processes.dead()
        addresses = {"flume": flume_metrics.url(self._settings.metrics_port)}
        ui = f"http://{LOOPBACK}:{self._settings.ui_port}"
        return [
            Service(
                name,
                "running" if name in running else "stopped",
                addresses.get(name, ui) if name in running else "",
            )
            for name in sorted(running | dead, key=_place)
        ]

    def feed(self, options: Sequence[str], replay: Path | None, quiet: bool = False) -> int:
        """Run the generator in the foreground, on this terminal."""
        command = [sys.executable, "-m", "loadgen", *self._generator, *options]
        if replay:
            command += ["--replay", str(replay.absolute())]
        output = subprocess.DEVNULL if quiet else None
        environment = os.environ | self._running_servers().client()
        done = subprocess.run(command, cwd=self._root, env=environment, stdout=output, check=False)
        return done.returncode

    def counts(self) -> Counts:
        """From the result store."""
        self._state.mkdir(parents=True, exist_ok=True)
        from flumelab.programs.result_store import (
            ResultStore,  # SQLAlchemy takes a fifth of a second
        )

        return ResultStore(self._results_url).counts()

    def evidence(self) -> Evidence:
        """Counted last, so that nothing can seem to be counted before it was generated."""
        self._spool.mkdir(parents=True, exist_ok=True)
        audit = json.loads(
            self._run([sys.executable, "-m", "loadgen.audit", *self._generator], capture=True)
        )
        generated = audit["generated"]
        return Evidence(
            generated=Counts(generated["urls"], generated["malformed"]),
            spooled=audit["spooled"],
            flume_runs=flume_metrics.runs(
                (file.read_text() for file in self._metrics.glob("*.json")),
                self._settings.metrics_port,
            ),
            counted=self.counts(),
        )

    def way(self, app: App) -> Sequence[str]:
        """Where Spark would listen, the generator does; a server, or the spool directory."""
        if app.source == "socket":
            return ["--to", f"tcp://{LOOPBACK}:{self._settings.receiver_port}"]
        return self._servers(app).way(app.source) if app.servers else []

    def expected(self, options: Sequence[str]) -> Any:
        """By the ledger."""
        command = [sys.executable, "-m", "loadgen.expected", *self._generator[2:], *options]
        return json.loads(self._run(command, capture=True))

    def wipe(self, say: Say) -> None:
        """Removes the folder with all that the processes wrote."""
        if self.services():
            self.down(say)
        shutil.rmtree(self._state, ignore_errors=True)

    def clear(self, say: Say) -> None:
        """As `wipe`: each program has a Spark of its own."""
        self.wipe(say)

    def tail(self, service: str, lines: int) -> str:
        """Of its log file."""
        log = self._state / "logs" / f"{service}.log"
        return "".join(log.read_text(errors="replace").splitlines(keepends=True)[-lines:])

    def logs(self, service: str | None, follow: bool) -> None:
        """By tail, as every Unix has it."""
        logs = sorted((self._state / "logs").glob(f"{service or '*'}.log"))
        if not logs:
            raise LabError(f"{self._state / 'logs'} has no log of {service or 'any service'}")
        many = ["-q"] if service else []
        lines = ["-f"] if follow else []
        command = ["tail", "-n", "200", *many, *lines, *map(str, logs)]
        subprocess.run(command, check=False)

    @property
    def _flume_home(self) -> Path:
        return self._root / "runtimes/flume/target/flume"

    @property
    def _checkpoints(self) -> Path:
        return self._state / "checkpoint"

    @property
    def _landing(self) -> Path:
        return self._state / "landing"

    @property
    def _generator(self) -> list[str]:
        return ["--spool", str(self._spool), "--ledger", str(self._ledger)]

    @property
    def _results_url(self) -> str:
        servers = self._running_servers()
        return servers.results_url if "db" in servers.names else self._results

    def _servers(self, app: App) -> Servers:
        return Servers.of(app.servers, self._settings, self._state)

    def _running_servers(self) -> Servers:
        return Servers.of(self._processes.running(), self._settings, self._state)

    def _build_servers(self, say: Say) -> None:
        jars = self._root / JARS
        stamp = Stamp(jars.parent / "built", self._root, SERVER_SOURCES)
        if stamp.is_current():
            return
        say("fetching Kafka, an S3 server, and what Spark needs for these and JDBC, with Maven")
        modules = ["-Pservers", "-pl", "kafka,s3-server,spark-packages"]
        self._run(["mvn", "-q", "-B", *modules, "-f", "runtimes/pom.xml", "package"])
        stamp.set()

    def _start_server(self, servers: Servers, name: str, say: Say) -> None:
        _require_free(*servers.port(name))
        say(f"starting {name}")
        self._state.mkdir(parents=True, exist_ok=True)
        command, environment = servers.command(name), servers.environment(name)
        self._processes.start(name, command, environment, self._state)
        self._processes.wait_until(name, lambda: servers.ready(name), START_SECONDS_MAX)

    def _start_receiver(self, app: App, say: Say) -> None:
        settings = self._settings
        variable, port = (
            ("LAB_SECOND_PORT", settings.second_port)
            if app.second
            else ("LAB_RECEIVER_PORT", settings.receiver_port)
        )
        _require_free(variable, port)
        say("starting the receiver")
        command = [sys.executable, "-m", "pyspark_flume.receiver", "--host", LOOPBACK]
        self._processes.start(
            "receiver",
            [*command, "--port", str(port), "--landing", str(self._landing)],
            os.environ,
            self._state,
        )
        self._processes.wait_until("receiver", lambda: _answers(port), START_SECONDS_MAX)

    def _start_driver(self, app: App, say: Say) -> None:
        settings = self._settings
        for folder in (self._checkpoints, self._spool):
            folder.mkdir(parents=True, exist_ok=True)
        if app.listens:
            _require_free("LAB_RECEIVER_PORT", settings.receiver_port)
        if app.service == SECOND:
            ui = "spark.ui.enabled=false"  # LAB_UI_PORT is the first one's
        else:
            _require_free("LAB_UI_PORT", settings.ui_port)
            ui = f"spark.ui.port={settings.ui_port}"
        say(f"starting Spark with {app.program}")
        cores = max(2, os.cpu_count() or 1) + app.receives
        self._processes.start(
            app.service,
            [
                *[
                    sys.executable,
                    "-u",
                    "-m",
                    "flumelab.runtimes.submit",
                    *(["--keep"] if app.lands else []),
                ],
                f"spark-apps/{app.program}",
                *["--driver-memory", DRIVER_MEMORY],
                *["--conf", ui],
            ],
            os.environ
            | {
                "RECEIVER_HOST": LOOPBACK,
                "RECEIVER_PORT": str(settings.receiver_port),
                "FLUME_AGENTS": f"{LOOPBACK}:{settings.receiver_port}",
                "LANDING_DIR": str(self._landing),
                "SPOOL_DIR": str(self._spool),
                "SPARK_MASTER": f"local[{cores},{TASK_TRIES}]",
                "SPARK_LOCAL_IP": LOOPBACK,
                "SPARK_CONF_DIR": "",  # see flumelab.runtimes.class_data_sharing
                "SPARK_LAUNCHER_OPTS": class_data_sharing.QUICK_JVM,
                "SPARK_PROPERTIES": str(self._root / "spark-conf/spark-defaults.conf"),
                "SPARK_SUBMIT_OPTS": f"{class_data_sharing.java_options(ARCHIVE)} "
                f'"-Dlog4j2.configurationFile={self._root}/spark-conf/log4j2.properties"',
                "CHECKPOINT_ROOT": str(self._checkpoints),
                "RESULTS_URL": self._results,
                "SPARK_JARS": str(self._root / JARS / "*.jar") if app.servers else "",
                **self._servers(app).client(),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYSPARK_PYTHON": sys.executable,
                "PYTHONUNBUFFERED": "1",
                # A batch is known by its time, and a clock that is set back has an hour twice.
                "TZ": "UTC",
            },
            self._root,
        )

    def _is_ready(self, app: App) -> bool:
        """Flume waits for a program that listens; of any other it is enough that it runs."""
        if app.service == SECOND:  # it has no UI; its query has begun
            return (self._checkpoints / Path(app.program).stem).exists()
        return _answers(self._settings.receiver_port if app.listens else self._settings.ui_port)

    def _start_flume(self, app: App, say: Say) -> None:
        settings = self._settings
        for folder in (self._spool, self._metrics):
            folder.mkdir(parents=True, exist_ok=True)
        _require_free("LAB_METRICS_PORT", settings.metrics_port)
        if app.pulls:
            _require_free("LAB_RECEIVER_PORT", settings.receiver_port)
        say(f"starting Flume with {app.conf}")
        self._processes.start(
            "flume",
            [str(self._root / "flume-conf/agent")],
            os.environ
            | {
                "FLUME_HOME": str(self._flume_home),
                "FLUME_JAVA_OPTS": f"-Xmx256m {class_data_sharing.QUICK_JVM}",
                "FLUME_CONF": str(self._root / "flume-conf" / app.conf),
                "FLUME_SPOOL_DIR": str(self._spool),
                "FLUME_SINK_HOST": LOOPBACK,
                "FLUME_SINK_PORT": str(settings.receiver_port),
                "FLUME_SINK_HOST_2": LOOPBACK,
                "FLUME_SINK_PORT_2": str(settings.second_port),
                "FLUME_METRICS_PORT": str(settings.metrics_port),
                "FLUME_METRICS_DIR": str(self._metrics),
                "FLUME_CHANNEL_DIR": str(self._state / "channel"),
            },
            self._state,
        )
        self._processes.wait_until(
            "flume", lambda: flume_metrics.is_connected(settings.metrics_port), START_SECONDS_MAX
        )

    def _stop_all(self, say: Say) -> None:
        known = self._processes.running() | self._processes.dead()
        for name in sorted(known, key=_place):
            say(f"stopping {name}")
            seconds = FLUME_STOP_SECONDS_MAX if name == "flume" else DRIVER_STOP_SECONDS_MAX
            if not self._processes.stop(name, seconds):
                say(f"{name} did not end within {seconds} s and was killed")

    def _run(self, command: Sequence[str], capture: bool = False) -> str:
        if not shutil.which(command[0]):
            raise LabError(f"{command[0]} is not installed; flumelab doctor says how to get it")
        done = subprocess.run(command, cwd=self._root, capture_output=True, text=True, check=False)
        if done.returncode:
            end = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
            raise LabError(f"{' '.join(command[:3])} … failed:\n{end}")
        return done.stdout if capture else ""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._state.mkdir(parents=True, exist_ok=True)
        with (self._state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LabError(
                    f"{self._state}: another flumelab is starting or stopping this lab; wait for it"
                ) from None
            yield


def _place(name: str) -> int:
    """In the order of the flow; each may end once those before it have."""
    return {"flume": 0, "receiver": 1, "kafka": 3, "s3": 3, "db": 3}.get(name, 2)


def _require_free(variable: str, port: int) -> None:
    if _answers(port):
        raise LabError(
            f"port {port} is in use; end what listens there or set {variable} to a free one"
        )


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
