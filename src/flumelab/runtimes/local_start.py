"""How, and in which order, the services of a lesson are started as processes of this host."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flumelab import flume_metrics
from flumelab.lessons.catalogue import SECOND, Input, Lesson, Program
from flumelab.runtimes import class_data_sharing
from flumelab.runtimes.local_build import CLASS_ARCHIVE, flume_home
from flumelab.runtimes.local_state import StateFolder
from flumelab.runtimes.port_probe import answers
from flumelab.runtimes.servers import SPARK_JARS, Servers
from flumelab.settings import LOOPBACK, Port, Settings

LINK = "link"
TASK_TRIES = 4  # as on a cluster: a Python worker may die


@dataclass(frozen=True)
class Launch:
    """How one service is started.

    :param title: the name in the report that it starts
    :param folder: the working directory
    :param ports: the ports that the service opens, which must be free before
    """

    service: str
    title: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    is_ready: Callable[[], bool]
    ports: Sequence[Port] = ()


class LessonServices:
    """The services of one lesson in one lab."""

    def __init__(self, lesson: Lesson, settings: Settings, state: StateFolder) -> None:
        self._lesson = lesson
        self._settings = settings
        self._state = state
        self._servers = Servers.among(lesson.servers, settings, state.folder)

    def stages(self) -> list[list[Launch]]:
        """The stages of the start; the services of one stage start together.

        Servers come first, and the program before Flume, so that Flume finds its receiver.
        """
        lesson = self._lesson
        stages = [[self._server(name)] for name in self._servers.names]
        if lesson.uses_landing_log:
            stages.append([self._receiver()])
        if self._has_link:
            stages.append([self._link()])
        stages.append([self._driver(program) for program in lesson.programs])
        if lesson.uses_flume:
            stages.append([self._flume()])
        return stages

    @property
    def _has_link(self) -> bool:
        return self._settings.link and self._lesson.uses_flume

    def _link(self) -> Launch:
        """The link stands between the first sink and its receiver, or the program and its sink."""
        port, to = self._settings.port("link_port"), self._settings.receiver_port
        command = [sys.executable, "-m", "flumelab.runtimes.link", "--listen", str(port.number)]
        return Launch(
            service=LINK,
            title="the link between sink and receiver",
            command=[*command, "--to", str(to), "--cut", str(self._state.cut)],
            environment=os.environ,
            folder=self._state.folder,
            is_ready=lambda: self._state.cut.exists() or answers(port.number),
            ports=[port],
        )

    @property
    def _linked_port(self) -> int:
        """The port of the link; without one, the receiver's (or the SparkSink's) own."""
        watched = self._has_link or self._settings.tap
        return self._settings.link_port if watched else self._settings.receiver_port

    def _server(self, name: str) -> Launch:
        return Launch(
            service=name,
            title=name,
            command=self._servers.command(name),
            environment=self._servers.environment(name),
            folder=self._state.folder,
            is_ready=partial(self._servers.is_ready, name),
            ports=[self._servers.port(name)],
        )

    def _receiver(self) -> Launch:
        # If the first program has a receiver of its own, that receiver has the first port.
        second = len(self._lesson.programs) > 1
        port = self._settings.port("second_port" if second else "receiver_port")
        metrics = self._settings.port("receiver_metrics_port")
        command = [sys.executable, "-m", "pyspark_flume.receiver", "--host", LOOPBACK]
        command += ["--metrics-port", str(metrics.number)]
        return Launch(
            service="receiver",
            title="the receiver",
            command=[*command, "--port", str(port.number), "--landing", str(self._state.landing)],
            environment=os.environ,
            folder=self._state.folder,
            is_ready=partial(answers, port.number),
            ports=[port, metrics],
        )

    def _driver(self, program: Program) -> Launch:
        ports = []
        if program.reads is Input.PUSH:
            ports.append(self._settings.port("receiver_port"))
        if program.service == SECOND:
            ui_setting = "spark.ui.enabled=false"  # the first program has the port
        else:
            ports.append(self._settings.port("ui_port"))
            ui_setting = f"spark.ui.port={self._settings.ui_port}"
        keep = ["--keep"] if program.reads is Input.LANDING else []
        return Launch(
            service=program.service,
            title=f"Spark with {program.file}",
            command=[
                *(sys.executable, "-u", "-m", "flumelab.runtimes.submit", *keep),
                f"spark-apps/{program.file}",
                *("--driver-memory", self._settings.driver_memory),
                *("--conf", ui_setting),
            ],
            environment={
                **os.environ,
                **self._spark_variables(program),
                **self._input_variables(),
                **self._servers.client_variables(),
            },
            folder=self._settings.root,
            is_ready=partial(self._program_is_ready, program),
            ports=ports,
        )

    def _spark_variables(self, program: Program) -> dict[str, str]:
        spark_conf = self._settings.root / "spark-conf"
        cores = self._cores + program.has_receiver
        jars = str(self._settings.root / SPARK_JARS / "*.jar")
        return {
            "SPARK_MASTER": self._settings.spark_master or f"local[{cores},{TASK_TRIES}]",
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_CONF_DIR": "",  # see class_data_sharing
            "SPARK_LAUNCHER_OPTS": class_data_sharing.QUICK_JVM,
            "SPARK_PROPERTIES": str(spark_conf / "spark-defaults.conf"),
            "SPARK_SUBMIT_OPTS": f"{class_data_sharing.java_options(CLASS_ARCHIVE)} "
            f'"-Dlog4j2.configurationFile={spark_conf}/log4j2.properties"',
            "SPARK_JARS": jars if self._lesson.servers else "",
            "CHECKPOINT_ROOT": str(self._state.checkpoints),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONUNBUFFERED": "1",
            # A batch is identified by its time; a local clock that is set back repeats an hour.
            "TZ": "UTC",
        }

    def _input_variables(self) -> dict[str, str]:
        """The variables that name where the program reads, and where it writes its results."""
        return {
            "RECEIVER_HOST": LOOPBACK,
            "RECEIVER_PORT": str(self._settings.receiver_port),
            "FLUME_AGENTS": f"{LOOPBACK}:{self._linked_port}",
            "LANDING_DIR": str(self._state.landing),
            "SPOOL_DIR": str(self._state.spool),
            "RESULTS_URL": self._state.results_url,
        }

    @property
    def _cores(self) -> int:
        """The cores for tasks; a receiver occupies a further one."""
        return self._settings.cores or max(2, os.cpu_count() or 1)

    def _program_is_ready(self, program: Program) -> bool:
        """Whether a program that Flume sends to listens, and any other program runs."""
        if program.service == SECOND:  # it has no UI; a checkpoint shows that its query has begun
            return (self._state.checkpoints / Path(program.file).stem).exists()
        listens = program.reads is Input.PUSH
        return answers(self._settings.receiver_port if listens else self._settings.ui_port)

    def _flume(self) -> Launch:
        settings, state = self._settings, self._state
        ports = [settings.port("metrics_port")]
        pulls = self._lesson.program.reads is Input.PULL
        if pulls:
            ports.append(settings.port("receiver_port"))  # the SparkSink listens there
        variables = {
            "FLUME_HOME": str(flume_home(settings.root)),
            "FLUMELINT": "true",  # checked before the lab started
            "FLUME_JAVA_OPTS": f"-Xmx{settings.flume_memory} {class_data_sharing.QUICK_JVM}",
            "FLUME_CONF": str(settings.root / "flume-conf" / self._lesson.conf),
            "FLUME_SPOOL_DIR": str(state.spool),
            "FLUME_SINK_HOST": LOOPBACK,
            # With pull, the SparkSink listens there, and the program comes through the link.
            "FLUME_SINK_PORT": str(settings.receiver_port if pulls else self._linked_port),
            "FLUME_SINK_HOST_2": LOOPBACK,
            "FLUME_SINK_PORT_2": str(settings.second_port),
            "FLUME_METRICS_PORT": str(settings.metrics_port),
            "FLUME_METRICS_DIR": str(state.metrics),
            "FLUME_CHANNEL_DIR": str(state.channel),
        }
        return Launch(
            service="flume",
            title=f"Flume with {self._lesson.conf}",
            command=[str(settings.root / "flume-conf/agent")],
            environment={**os.environ, **variables},
            folder=state.folder,
            is_ready=partial(flume_metrics.is_connected, settings.metrics_port),
            ports=ports,
        )
