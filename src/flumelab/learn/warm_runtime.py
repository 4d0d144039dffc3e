"""The local runtime for checks: the program attaches to the warm JVM, and nothing waits in turn."""

import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flumelab import flume_metrics
from flumelab.errors import LabError
from flumelab.learn import warm_spark
from flumelab.learn.flume_hops import flume_hops
from flumelab.learn.warm_spark import WarmSpark
from flumelab.lessons.catalogue import SECOND, Lesson, Program
from flumelab.runtimes.local import START_SECONDS_MAX, LocalRuntime
from flumelab.runtimes.local_build import RECEIVER_JAR
from flumelab.runtimes.local_start import TASK_TRIES, Launch, LessonServices
from flumelab.runtimes.local_state import StateFolder
from flumelab.runtimes.port_probe import require_unused
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings

FLUME = "flume"
STOP_SECONDS_MAX = 3  # nothing of a check is kept


class WarmServices(LessonServices):
    """The services of a lesson, its first program attached to the warm JVM."""

    def __init__(
        self, lesson: Lesson, settings: Settings, state: StateFolder, warm: Path, together: bool
    ) -> None:
        super().__init__(lesson, settings, state)
        self._warm = warm
        self._together = together

    def stages(self) -> list[list[Launch]]:
        """Servers first, then all others together; a conf of a learner's waits for its receiver.

        The lab's own confs try to connect every second, others may wait for longer.
        """
        stages = super().stages()
        servers = len(self._servers.names)
        if not self._together or len(stages) - servers < 2:
            return stages
        return [*stages[:servers], [launch for stage in stages[servers:] for launch in stage]]

    def _driver(self, program: Program) -> Launch:
        cold = super()._driver(program)
        if program.service == SECOND:  # a JVM has one SparkContext
            return cold
        warm = self.jvm()
        checkpoint = self._state.checkpoints / Path(program.file).stem
        checkpoint.mkdir(parents=True, exist_ok=True)
        file = self._settings.root / "spark-apps" / program.file
        own = {
            "CHECKPOINT_DIR": str(checkpoint),
            "STOP_FILE": str(self._state.folder / "stop"),
            "PROGRESS_FILE": str(checkpoint.with_suffix(".progress.json")),
        }
        if self._lesson.uses_flume:
            own["SPOOL_DIR"] = ""  # the lines come by Flume
        return replace(
            cold,
            command=[sys.executable, "-u", "-m", "flumelab.learn.attached", str(file)],
            environment={**cold.environment, **own, **warm.variables},
            is_ready=partial(self._program_is_ready, program),
        )

    def _spark_variables(self, program: Program) -> dict[str, str]:
        """The same cores for all programs, so that they share one JVM."""
        cores = self._cores + 1  # a receiver occupies one
        return {
            **super()._spark_variables(program),
            "SPARK_MASTER": f"local[{cores},{TASK_TRIES}]",
        }

    def jvm(self) -> WarmSpark:
        """Return the JVM for this lesson's first program, started if need be."""
        program = self._lesson.program
        cold = super()._driver(program)
        variables = self._spark_variables(program)
        jars = variables["SPARK_JARS"]
        arguments = [
            *("--master", variables["SPARK_MASTER"]),
            *("--properties-file", variables["SPARK_PROPERTIES"]),
            *("--driver-memory", self._settings.driver_memory),
            *("--conf", f"spark.ui.port={self._settings.ui_port}"),
            *(("--jars", jars) if jars else ()),
            "pyspark-shell",
        ]
        options = " ".join(arguments)
        environment = {**cold.environment, "PYSPARK_SUBMIT_ARGS": options}
        return warm_spark.ensure(self._warm, environment, f"{options} {_connector_in_spark()}")


class WarmRuntime(LocalRuntime):
    """The local runtime with a warm JVM.

    :param warm: the folder that names the JVM
    :param together: whether Flume starts at once, and not only when its receiver listens
    """

    def __init__(self, settings: Settings, warm: Path, together: bool = True) -> None:
        super().__init__(settings)
        self._warm = warm
        self.together = together
        self.before: dict[str, int] = {}
        """What a kept agent has counted before this check."""
        self.shown: Mapping[str, Any] = {}
        """What the live page shows of the exercise, besides its files; see `Exercise.shown`."""
        self._conf = ""

    def jvm(self) -> WarmSpark | None:
        """The JVM, if it runs."""
        return warm_spark.record(self._warm)

    def warm(self, lesson: Lesson) -> None:
        """Start the JVM; a failure is told when it is needed."""
        if not lesson.servers:
            with suppress(LabError):
                self.services_of(lesson).jvm()

    def services_of(self, lesson: Lesson) -> WarmServices:
        """Return what starts the services of a lesson."""
        return WarmServices(lesson, self._settings, self._state, self._warm, self.together)

    def up(self, lesson: Lesson, report: Report) -> None:
        """Start what is not running, without waiting for the last stage.

        A second program is waited for: it starts cold, and Flume holds back its lines until then.

        Raises `LabError` if the machine is at fault; a program that ends at once is no such fault.
        """
        if lesson.servers:  # they have new keys each time, and Hadoop keeps those of before
            warm_spark.stop(self._warm)
        stages = self.services_of(lesson).stages()
        with self._state.locked():
            self._state.create()
            self._state.lesson.write_text(f"{lesson.name}\n")
            programs = [program.file for program in lesson.programs]
            shown = {**self.shown, "programs": programs, "conf": lesson.conf}
            self._state.exercise.write_text(json.dumps(shown))
            self._leave_no_dead(lesson)
            if FLUME in self._processes.running() and self._conf != lesson.conf:
                self._processes.stop(FLUME, 0)
            running = self._processes.running()
            if FLUME not in running:
                self.before = {}
            self._conf = lesson.conf
            for stage in stages:
                launches = [launch for launch in stage if launch.service not in running]
                for launch in launches:
                    for port in launch.ports:
                        require_unused(port)
                    self._processes.start(
                        launch.service, launch.command, launch.environment, launch.folder
                    )
                if stage is stages[-1]:
                    launches = [launch for launch in launches if launch.service == SECOND]
                self._await(launches, lesson)

    def begin(self, keep_flume: bool) -> None:
        """Remove what the last check has left, but keep the JVM, and an agent that is idle."""
        self._clear_jvm()
        kept = keep_flume and self._flume_is_idle()
        with self._state.locked():
            for name in (*self._processes.running(), *self._processes.dead()):
                if name != FLUME or not kept:
                    self._processes.stop(name, 0 if name == FLUME else STOP_SECONDS_MAX)
        if kept:
            _empty(self._state)
            self.before = flume_hops(self._settings.metrics_port)
        else:
            self._state.remove()
            self.before = {}

    def _clear_jvm(self) -> None:
        if found := warm_spark.record(self._warm):
            try:
                found.clear()
            except Exception:  # Py4J's own errors; a JVM that does not answer is of no use
                warm_spark.stop(self._warm)

    def _leave_no_dead(self, lesson: Lesson) -> None:
        """Forget services that were killed; stop what a killed program has left in the JVM."""
        dead = self._processes.dead()
        for name in dead:
            self._processes.stop(name, 0)
        if lesson.program.service in dead:
            self._clear_jvm()

    def _flume_is_idle(self) -> bool:
        """Whether the agent has read and sent all that it was given."""
        if FLUME not in self._processes.running():
            return False
        counters = flume_metrics.current_run(self._settings.metrics_port)
        channels = [own for name, own in counters.items() if name.startswith("CHANNEL.")]
        empty = all(int(own.get("ChannelSize", 1)) == 0 for own in channels)
        files = [file for file in self._state.spool.iterdir() if not file.name.startswith(".")]
        return bool(channels) and empty and all(file.suffix == ".COMPLETED" for file in files)

    def _await(self, launches: Sequence[Launch], lesson: Lesson) -> None:
        """Wait until services are ready; a program that has ended is left to the check."""
        programs = {program.service for program in lesson.programs}
        for launch in launches:
            deadline = time.monotonic() + START_SECONDS_MAX
            while not launch.is_ready():
                if launch.service not in self._processes.running():
                    if launch.service in programs:
                        return
                    log = self._processes.log_tail(launch.service)
                    raise LabError(f"{launch.service} ended while it was starting:\n{log}")
                if time.monotonic() > deadline:
                    if launch.service in programs:
                        return
                    raise LabError(f"{launch.service} is not ready")
                time.sleep(0.05)


def _connector_in_spark() -> str:
    """Which connector a JVM finds that starts now; one from before a build has another, or none."""
    spark = find_spec("pyspark")
    jar = Path(str(spark.origin if spark else "")).parent / "jars" / Path(RECEIVER_JAR).name
    return f"{jar.name} of {jar.stat().st_mtime}" if jar.is_file() else f"without {jar.name}"


def _empty(state: StateFolder) -> None:
    """Remove the files of a check, but not what a running agent uses."""
    used = {"processes.json", "lock", "logs", "metrics", "spool", "channel"}
    for path in state.folder.iterdir():
        if path.name not in used:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for file in state.spool.glob("*.COMPLETED"):
        file.unlink()
