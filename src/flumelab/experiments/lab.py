"""The lab of one run: real Flume and Spark in the local runtime, and what they leave behind."""

import contextlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flumelab import conf_check, doctor
from flumelab.errors import LabError
from flumelab.experiments import changed_conf
from flumelab.experiments.cluster import Cluster
from flumelab.experiments.experiment import Experiment, conf_of
from flumelab.experiments.needs import CannotRun
from flumelab.experiments.watch import wait
from flumelab.lessons.catalogue import EVENTS, Input, Lesson, Program
from flumelab.runtimes.local import LocalRuntime
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings

QUERY_SECONDS_MAX = 90


class Lab:
    """A lab that is empty at first, and that the caller wipes.

    :param folder: where the conf and the logs are kept
    """

    def __init__(
        self, experiment: Experiment, settings: Settings, folder: Path, report: Report
    ) -> None:
        state = settings.state / "experiments" / ".lab"
        self.cluster = Cluster(state / "cluster") if experiment.cluster else None
        master = self.cluster.url if self.cluster else ""
        self.settings = replace(settings, state=state, tap=True, spark_master=master)
        self.state = state / "local"
        self.runtime = LocalRuntime(self.settings)
        self.conf = folder / "agent.conf"
        changed_conf.write(conf_of(experiment, settings.root), experiment.changes, self.conf)
        self.lesson = _lesson(experiment, self.conf)
        self._experiment, self._folder, self._report = experiment, folder, report

    def prepare(self) -> None:
        """Remove what is left of a run before, and build; raises `LabError`."""
        checks = doctor.examine("local", self.settings, not self.runtime.services())
        if missing := [check for check in checks if not check.ok]:
            told = "; ".join(f"{check.name}: {check.remedy}" for check in missing)
            raise CannotRun(f"needs {told}")
        self.runtime.wipe(self._report)
        if self.cluster:
            self.cluster.stop()
        self.runtime.build(self._report, self._experiment.servers)
        conf_check.require_work(self.conf, conf_check.LAB_AGENT, self._report)

    def start(self) -> list[str]:
        """Start what does not run, and wait until its query can read; return what was dead."""
        dead = self.dead()
        if self.cluster:
            self._report("starting Spark's master and workers")
            dead += self.cluster.start()
        self.runtime.up(self.lesson, self._report)
        if self._experiment.reads is Input.LANDING:
            query = self.state / "checkpoint" / self._experiment.program / "lines"
            wait(query.is_dir, QUERY_SECONDS_MAX)
        return dead

    def dead(self) -> list[str]:
        """The services that have ended although nobody stopped them."""
        return [each.name for each in self.runtime.services() if each.state == "stopped"]

    def counted(self) -> Counter[str]:
        """How often each line is in the result store, by its key."""
        return Counter(self.runtime.counts().totals)

    def unread_files(self) -> list[Path]:
        """The files in the spool directory that Flume has not read to their end."""
        return [
            file
            for file in (self.state / "spool").iterdir()
            if not file.name.startswith(".") and not file.name.endswith(".COMPLETED")
        ]

    def keep_logs(self, when: str) -> None:
        """Copy the logs, which a new start would replace."""
        logs = self.state / "logs"
        if logs.is_dir():
            shutil.copytree(logs, self._folder / "logs" / when, dirs_exist_ok=True)

    def kill_all(self) -> None:
        """End all services at once: what they would still do at a stop has been read."""
        for service in self.runtime.services():
            if service.state == "running":
                with contextlib.suppress(LabError):
                    self.runtime.kill(service.name)
        if self.cluster:
            self.cluster.stop()

    def remove(self) -> None:
        """Leave nothing."""
        with contextlib.suppress(LabError):
            self.runtime.wipe(self._report)
        if self.cluster:
            self.cluster.stop()


def _lesson(experiment: Experiment, conf: Path) -> Lesson:
    service = "query" if experiment.reads is Input.LANDING else "stream"
    program = Program(f"../experiments/programs/{experiment.program}.py", service, experiment.reads)
    return Lesson(
        name=f"experiment {experiment.name}",
        shows=experiment.question,
        programs=(program,),
        scenario="access-log",
        answer=EVENTS,
        conf=str(conf),
        servers=experiment.servers,
    )


@contextlib.contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Let the lab's processes inherit these variables."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
