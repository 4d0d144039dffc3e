"""Where exercises are checked: the state folder, the runtime and the warm JVM of one checkout.

.lab/learn/  progress  spark.json (the warm JVM)  spark.log  kept/  last/ (logs)
"""

import fcntl
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flumelab import lesson_run
from flumelab.errors import LabError
from flumelab.learn import checking, mistakes, read, turns, warm_spark
from flumelab.learn.check_containers import CheckContainers
from flumelab.learn.checking import CheckRun, Given
from flumelab.learn.exercise import Exercise, Kind
from flumelab.learn.verdict import Result, Verdict
from flumelab.learn.warm_runtime import WarmRuntime
from flumelab.runtimes.runtime import Report, Runtime
from flumelab.settings import Settings

LOG_LINES = 2_000  # of a container


class Workshop:
    """The exercises of a checkout, and what checks them.

    :param docker: whether checks run in the Docker runtime, which keeps no JVM warm
    """

    def __init__(self, settings: Settings, docker: bool, report: Report) -> None:
        self.root = settings.root
        self.folder = settings.state / "learn"
        self.settings = lesson_run.settings_of_runs(settings)
        self._docker = docker
        self._report = report
        self._built: set[tuple[str, ...]] = set()
        self._runtimes: dict[bool, WarmRuntime] = {}
        self._begun = False
        self.keeps_flume = False
        """Whether an idle agent stays up for the next check, until `close`."""

    def exercises(self) -> list[Exercise]:
        """Return all exercises in their order."""
        return read.all_of(self.root)

    def check(self, exercise: Exercise, file: Path, seed: int | None = None) -> Verdict:
        """Check a file as the answer to an exercise; nothing of the run is left."""
        with self.checked(exercise, file, seed) as verdict:
            return verdict

    @contextmanager
    def checked(self, exercise: Exercise, file: Path, seed: int | None = None) -> Iterator[Verdict]:
        """Yield the verdict as soon as it is known, then clear up."""
        if exercise.kind is Kind.FIND:
            yield mistakes.judge(exercise, file)
            return
        assert exercise.load
        runtime = self._runtime(exercise)
        given = Given.drawn(exercise.load, seed)
        one = CheckRun(exercise, file, given, runtime, self.settings, self._report)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                says = "another check runs in this checkout; wait for its end"
                yield one.verdict(Result.UNKNOWN, "machine", says)
                return
            with turns.turn(self.settings.turns, self._tell_to_wait):
                try:
                    yield self._verdict(one)
                finally:
                    self._keep_logs(runtime)
                    self._clear(runtime)

    def _tell_to_wait(self) -> None:
        self._report("others of the class are being checked; yours is checked as soon as one ends")

    def _verdict(self, one: CheckRun) -> Verdict:
        try:
            if not self._begun:
                self._clear(one.runtime)  # what a killed check has left
                self._begun = True
            self._prepare(one.runtime, one.exercise)
            one.started = time.monotonic()
            return checking.check(one)
        except LabError as error:
            return one.verdict(Result.UNKNOWN, "machine", str(error))

    def close(self) -> None:
        """End the agent that checks kept; the JVM stays."""
        for runtime in self._runtimes.values():
            if isinstance(runtime, WarmRuntime):
                runtime.begin(keep_flume=False)

    def warm(self) -> None:
        """Start the JVM in the background, so that the first check need not wait for it."""
        first = next((each for each in self.exercises() if each.run), None)
        if first is None or self._docker:
            return
        runtime, run = self._runtime(first), first.run
        assert run and isinstance(runtime, WarmRuntime)
        threading.Thread(target=runtime.warm, args=(run.lesson,), daemon=True).start()

    def stop(self) -> bool:
        """End the warm JVM; return whether there was one."""
        return warm_spark.stop(self.folder)

    def _runtime(self, exercise: Exercise) -> Runtime:
        if self._docker:
            return CheckContainers(self.settings)
        together = exercise.kind is not Kind.CONF
        if together not in self._runtimes:
            self._runtimes[together] = WarmRuntime(self.settings, self.folder, together)
        self._runtimes[together].shown = exercise.shown
        return self._runtimes[together]

    def _prepare(self, runtime: Runtime, exercise: Exercise) -> None:
        assert exercise.run
        servers = exercise.run.lesson.servers
        if servers not in self._built:
            runtime.build(self._report, servers)
            self._built.add(servers)

    def _clear(self, runtime: Runtime) -> None:
        if isinstance(runtime, WarmRuntime):
            runtime.begin(self.keeps_flume and runtime.together)
        else:
            runtime.wipe(self._report)

    def _keep_logs(self, runtime: Runtime) -> None:
        logs, last = self.settings.state / "local" / "logs", self.folder / "last"
        shutil.rmtree(last, ignore_errors=True)
        if self._docker:
            last.mkdir()
            for each in runtime.services():
                (last / f"{each.name}.log").write_text(runtime.log_tail(each.name, LOG_LINES))
        elif logs.is_dir():
            shutil.copytree(logs, last)
