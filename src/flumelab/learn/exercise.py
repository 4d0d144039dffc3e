"""An exercise, as its folder describes it in exercise.toml.

docs/reference/exercises.md explains each field for those who write exercises.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from flumelab.lessons.answer import Answer
from flumelab.lessons.catalogue import Lesson

DESCRIPTION = "exercise.toml"


class Kind(StrEnum):
    """What the learner edits."""

    PROGRAM = "program"
    """A program, which runs with the lesson's conf."""
    CONF = "conf"
    """A conf, which runs with the lesson's program."""
    ANSWERS = "answers"
    """A file of predictions, which are compared with what the run measures."""
    FIND = "find"
    """A conf with one silent mistake; no agent runs, flumelint judges it."""


@dataclass(frozen=True)
class Load:
    """What is sent: so many lines, drawn between two numbers, with options of the generator.

    :param waves: the parts in which they are sent; each part waits until those before are counted,
        so they are in different micro-batches
    :param batch: the number of lines is a multiple of it, so that no sink waits until one is full
    """

    scenario: str
    lines: tuple[int, int]
    malformed: float = 0.0
    options: tuple[str, ...] = ()
    waves: int = 1
    batch: int = 1


@dataclass(frozen=True)
class Fault:
    """What happens during the run.

    :param kill: the service that is killed
    :param after: the events that Flume has sent by then
    :param start: whether it is started again
    """

    kill: str
    after: int
    start: bool = True


@dataclass(frozen=True)
class Run:
    """How the file runs.

    :param lesson: a lesson of the catalogue; it gives all that the exercise does not change
    :param seconds: the longest time from the start to the last count; see `watched_run`
    :param settle: how long the right numbers must stay as they are, at least, in seconds
    :param quiet: how long wrong numbers must stay as they are, at least, until the verdict
    """

    lesson: Lesson
    seconds: float = 40.0
    settle: float = 0.0
    quiet: float = 0.0
    fault: Fault | None = None


@dataclass(frozen=True)
class Check:
    """What must be found.

    :param answer: the part of the generator's truth that the result store must hold
    :param measured: for predictions: the numbers of the run by the names of the questions
    :param keys: only keys that are like this regular expression are to be found
    :param flume: whether Flume's counters must show that each line went through its channel
    """

    answer: Answer
    measured: Mapping[str, str] = field(default_factory=dict)
    flume: bool = True
    keys: str = ""


@dataclass(frozen=True)
class Cause:
    """A likely cause of a difference: the rules that must all recognise it, and what to say.

    :param although_right: it is looked for when the numbers are right: they are so by luck, or not
        by what the exercise is about
    """

    id: str
    when: tuple[Mapping[str, Any], ...]
    says: str
    although_right: bool = False


@dataclass(frozen=True)
class Wrong:
    """A planted wrong answer, and the id of the cause that its message must name."""

    file: Path
    cause: str


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    :param name: its folder's name without the number
    :param folder: its folder, named by a number and the name
    :param file: what the learner edits
    :param starter: the file as it is handed out; :param solution: a right one
    :param starter_cause: the id of the cause that the starter's message must name
    """

    name: str
    folder: Path
    title: str
    aim: str
    kind: Kind
    file: Path
    starter: Path
    solution: Path
    starter_cause: str
    hints: tuple[str, ...]
    causes: tuple[Cause, ...]
    wrong: tuple[Wrong, ...]
    run: Run | None = None
    load: Load | None = None
    check: Check | None = None
    rule: str = ""
    """For `Kind.FIND`: the rule of flumelint that the conf breaks."""

    @property
    def shown(self) -> Mapping[str, Any]:
        """What the live page shows of it while it is checked: its name, and what must be found.

        Predictions are numbers of the run itself, so no key of theirs can be compared.
        """
        if not (self.load and self.check):
            return {"name": self.name}
        return {
            "name": self.name,
            "scenario": self.load.scenario,
            "answer": asdict(self.check.answer),
            "keys": self.check.keys,
            "compares": self.kind is not Kind.ANSWERS,
        }
