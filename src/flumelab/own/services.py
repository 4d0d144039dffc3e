"""How a user's program and agent are started as processes of this host."""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flumelab import flume_metrics, lab_files
from flumelab.runtimes import class_data_sharing
from flumelab.runtimes.local_build import CLASS_ARCHIVE, flume_home
from flumelab.runtimes.local_start import TASK_TRIES, Launch
from flumelab.settings import LOOPBACK, Settings

PROGRAM, FLUME = "program", "flume"
COUNT_SECONDS_MAX = 80  # at a stop, for what was received; a slow machine may be far behind
LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Wish:
    """What the user asks for.

    :param program: a Python program for spark-submit
    :param conf: a Flume conf; None for a program that reads from something else
    :param agent: its name in the conf; None means the only one
    :param log: a file, or a folder of files, to feed
    :param mapped: the user's own choice for paths that do not exist
    :param submit: further options for spark-submit
    :param requirements: a requirements file for pip, with the packages that the program imports
    :param flume_jars: jars, or folders of jars, for the agent's class path
    :param arguments: the program's own arguments
    :param count: a regular expression by which the lab counts the log
    :param count_each: whether each match in a line counts, and not only the first
    """

    program: Path
    conf: Path | None = None
    agent: str | None = None
    log: Path | None = None
    mapped: Mapping[str, Path] = field(default_factory=dict)
    submit: Sequence[str] = ()
    requirements: Path | None = None
    flume_jars: Sequence[Path] = ()
    arguments: Sequence[str] = ()
    count: str | None = None
    count_each: bool = False


class OwnState:
    """The folder of one run; it starts empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = folder / "files"  # in place of paths that do not exist
        self.work = folder / "work"
        self.metrics = folder / "metrics"
        self.sockets = folder / "sockets"  # by port: the files that the lab serves there
        self.packages = folder / "packages"  # what pip has installed for the program
        self.conf = folder / "agent.conf"
        self.lab = folder / "lab.json"  # what later commands know of a lab that stays
        self.shown = folder / "shown.json"  # what the live page knows of what runs
        self.progress = folder / "progress.json"
        self.stop = folder / "stop"
        self.logs = folder / "logs"
        self.output = self.logs / f"{PROGRAM}.log"
        self.flume_log = self.logs / f"{FLUME}.log"

    def read_progress(self) -> Mapping[str, object]:
        """Return what the driver wrote last; empty if it has not written yet."""
        try:
            progress: Mapping[str, object] = json.loads(self.progress.read_text())
        except FileNotFoundError:
            return {}
        return progress


def utf8_locale(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return what lets Java open files whose names are not ASCII; nothing where it can."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    used = next(filter(None, map(environment.get, names)), "")
    return {} if re.search("utf-?8", used, re.I) else {"LC_ALL": "C.UTF-8"}


def program(
    wish: Wish,
    mapped: Mapping[str, Path],
    settings: Settings,
    state: OwnState,
    is_ready: Callable[[], bool],
) -> Launch:
    """Return how the program is started: spark-submit runs `launch.py`, which runs the program."""
    spark_conf = settings.root / "spark-conf"
    master = f"local[{(settings.cores or max(2, os.cpu_count() or 1)) + 2},{TASK_TRIES}]"
    return Launch(
        service=PROGRAM,
        title=f"Spark with {wish.program}",
        command=[
            *("spark-submit", "--master", master, "--driver-memory", settings.driver_memory),
            *("--properties-file", str(spark_conf / "spark-defaults.conf")),
            *("--conf", f"spark.ui.port={settings.ui_port}"),
            *("--conf", f"spark.streaming.gracefulStopTimeout={COUNT_SECONDS_MAX}s", *wish.submit),
            *(str(LAUNCHER), str(wish.program.absolute()), *wish.arguments),
        ],
        environment={
            **os.environ,
            **utf8_locale(os.environ),
            "LAB_MASTER": master,
            "LAB_OWN_FOLDERS": str(state.paths),
            "LAB_OWN_MAP": json.dumps({old: str(new) for old, new in mapped.items()}),
            "LAB_OWN_SOCKETS": str(state.sockets),
            "PROGRESS": str(state.progress),
            "STOP_FILE": str(state.stop),
            **({} if lab_files.is_image() else {"SPARK_LOCAL_IP": LOOPBACK}),
            "SPARK_CONF_DIR": "",  # see class_data_sharing
            "SPARK_LAUNCHER_OPTS": class_data_sharing.QUICK_JVM,
            "SPARK_SUBMIT_OPTS": f"{class_data_sharing.java_options(CLASS_ARCHIVE)} "
            f'"-Dlog4j2.configurationFile={spark_conf}/log4j2.properties"',
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(
                [str(state.packages), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
            "PYTHONWARNINGS": "ignore:DStream is deprecated",
        },
        folder=state.work,
        is_ready=is_ready,
        ports=[settings.port("ui_port")],
    )


def flume(agent: str, jars: Sequence[Path], settings: Settings, state: OwnState) -> Launch:
    """Return how the agent is started, with the copy of its conf in `state` and further jars."""
    class_path = [os.environ.get("FLUME_CLASSPATH", ""), *map(str, jars)]
    return Launch(
        service=FLUME,
        title=f"Flume with agent {agent}",
        command=[str(settings.root / "flume-conf/agent")],
        environment={
            **os.environ,
            **utf8_locale(os.environ),
            "FLUME_HOME": str(flume_home(settings.root)),
            "FLUME_JAVA_OPTS": f"-Xmx256m {class_data_sharing.QUICK_JVM}",
            "FLUME_CONF": str(state.conf),
            "FLUMELINT": "true",  # the user's own file was checked
            "FLUME_AGENT": agent,
            "FLUME_CLASSPATH": os.pathsep.join(filter(None, class_path)),
            "FLUME_METRICS_PORT": str(settings.metrics_port),
            "FLUME_METRICS_DIR": str(state.metrics),
        },
        folder=state.work,
        is_ready=lambda: bool(flume_metrics.current_run(settings.metrics_port)),
        ports=[settings.port("metrics_port")],
    )
