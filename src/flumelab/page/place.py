"""Where the readings of a lab come from: its folders, its ports, its parts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from flumelab import lesson_run
from flumelab.errors import LabError
from flumelab.lessons import catalogue
from flumelab.lessons.answer import Answer
from flumelab.lessons.catalogue import Lesson
from flumelab.own.services import FLUME, PROGRAM, OwnState
from flumelab.page.state import DEAD, RUNNING, Part
from flumelab.runtimes.evidence import Evidence
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.local_state import StateFolder
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.servers import Servers
from flumelab.settings import LOOPBACK, Settings

Address = tuple[str, int]


@dataclass(frozen=True)
class Place:
    """One lab.

    :param runtime: local or docker
    :param lesson: None for a program of the user's own
    :param program: the program's file
    :param agent: the service that runs the Flume agent
    :param flume: the address of its counters; `spark`: of the driver's UI
    :param progress: the folder with the programs' progress files, or the file of an own program
    :param parts: asks for the parts and their states
    :param evidence: what the signs are found in; None where logs cannot be read
    :param root: a folder with the generator; None if there is none
    :param standing: whether it is the lab of `flumelab up`, to which the lab's commands apply
    :param own: what is known of a user's own program: see `flumelab.own.saved`; None for a lesson
    """

    runtime: str
    lesson: Lesson | None
    program: str
    conf: Path
    flume: Address
    spark: Address
    spool: Path
    ledger: Path
    metrics: Path
    landing: Path
    progress: Path
    results_url: str
    parts: Callable[[], list[Part]]
    evidence: Evidence | None = None
    root: Path | None = None
    standing: bool = True
    own: Mapping[str, Any] | None = None
    keys: str = ""
    """Only keys that are like this regular expression are to be found; empty for all."""
    unseen: str = ""
    """What the page cannot see of this lab: see `Lab.unseen`."""
    compares: bool = True
    """Whether the program's keys are to be those of the lesson's answer."""
    agent: str = FLUME
    is_cut: Callable[[], bool] = lambda: False
    """Whether the connection between sink and receiver is cut."""

    @property
    def driver(self) -> str:
        """The service that runs the program."""
        return self.lesson.program.service if self.lesson else PROGRAM

    @property
    def database(self) -> bool:
        """Whether the result store is a database server."""
        return bool(self.results_url) and not self.results_url.startswith("sqlite:")


class LocalPlaces:
    """The labs of the local runtime: the usual one, that of a lesson's run, and an own run."""

    def __init__(self, settings: Settings) -> None:
        run = lesson_run.settings_of_runs(settings)
        self._labs = [(each, StateFolder(each.state / "local")) for each in (settings, run)]
        self._settings = settings
        self._own = OwnState(settings.state / "own")

    def find(self) -> Place:
        """Return the lab that runs; else the one of which a part died; else the usual one."""
        own = Processes(self._own.folder)
        alive = [Processes(state.folder).running() for _, state in self._labs]
        if own.running():
            return self._own_place(own)
        for running, (settings, state) in zip(alive, self._labs, strict=True):
            if running:
                return _place(settings, state, settings is self._settings)
        if own.dead() and self._own.lab.exists():  # it was left up, and all of it died
            return self._own_place(own)
        return _place(*self._labs[0], standing=True)

    def own(self) -> Place:
        """Return the lab of a program of the user's own, also after it has ended."""
        return self._own_place(Processes(self._own.folder))

    def _own_place(self, processes: Processes) -> Place:
        settings, state = self._settings, self._own
        run = read_json(state.shown)
        metrics_port = int(run.get("metrics_port", settings.metrics_port))
        return Place(
            runtime="local",
            lesson=None,
            program=Path(run.get("program", "your program")).name,
            conf=state.conf,
            flume=(LOOPBACK, metrics_port),
            spark=(LOOPBACK, int(run.get("ui_port", settings.ui_port))),
            spool=state.folder / "none",
            ledger=state.folder / "none",
            metrics=state.metrics,
            landing=state.folder / "none",
            progress=state.progress,
            results_url="",
            parts=partial(_parts, processes),
            evidence=LocalEvidence(processes, metrics_port),
            standing=False,
            own=run,
        )


def _place(settings: Settings, state: StateFolder, standing: bool) -> Place:
    exercise = read_json(state.exercise)
    lesson = _lesson(state, exercise)
    processes = Processes(state.folder)
    servers = Servers.among(lesson.servers, settings, state.folder)
    return Place(
        runtime="local",
        lesson=lesson,
        program=lesson.program.file,
        conf=settings.root / "flume-conf" / lesson.conf,
        flume=(LOOPBACK, settings.metrics_port),
        spark=(LOOPBACK, settings.ui_port),
        spool=state.spool,
        ledger=state.ledger,
        metrics=state.metrics,
        landing=state.landing,
        progress=state.checkpoints,
        results_url=servers.results_url if "db" in servers.names else state.results_url,
        parts=partial(_parts, processes),
        evidence=LocalEvidence(processes, settings.metrics_port, utc=True, cut=state.cut),
        root=settings.root,
        standing=standing,
        keys=exercise.get("keys", ""),
        compares=exercise.get("compares", True),
        is_cut=state.cut.exists,
    )


def _lesson(state: StateFolder, exercise: Mapping[str, Any]) -> Lesson:
    """Return the lesson that runs, with what an exercise that is checked with it changes."""
    try:
        lesson = catalogue.find(state.lesson.read_text().strip())
    except (OSError, LabError):
        return catalogue.find(catalogue.DEFAULT)
    if not exercise:
        return lesson
    files = zip(lesson.programs, exercise["programs"], strict=True)
    return replace(
        lesson,
        name=exercise["name"],
        programs=tuple(replace(program, file=file) for program, file in files),
        conf=exercise["conf"],
        scenario=exercise.get("scenario", lesson.scenario),
        answer=_answer(exercise) or lesson.answer,
    )


def _answer(exercise: Mapping[str, Any]) -> Answer | None:
    if not (given := exercise.get("answer")):
        return None
    repeated = given["repeated"]
    return Answer(
        given["part"],
        given["value"],
        tuple(given["options"]),
        (repeated[0], repeated[1]) if repeated else None,
    )


def _parts(processes: Processes) -> list[Part]:
    running, dead = processes.running(), processes.dead()
    names = [*running, *(name for name in dead if name not in running)]
    return [Part(name, RUNNING if name in running else DEAD) for name in names]


def read_json(file: Path) -> Mapping[str, Any]:
    """Return a JSON object; empty if there is none, or if it is being replaced."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


__all__ = ["Address", "LocalPlaces", "Place", "read_json"]
