"""A learner's way through the exercises: what is done, what is next, and each check on the way."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from flumelab.errors import LabError
from flumelab.learn import desk, progress, read
from flumelab.learn.exercise import Exercise, Kind
from flumelab.learn.progress import Progress
from flumelab.learn.verdict import Result, Verdict


class Checks(Protocol):
    """What checks files; `flumelab.learn.workshop.Workshop` is one."""

    folder: Path
    root: Path

    def checked(
        self, exercise: Exercise, file: Path, seed: int | None = None
    ) -> AbstractContextManager[Verdict]:
        """Yield the verdict as soon as it is known, then clear up."""


class Session:
    """One learner's exercises and progress; the files that are missing are handed out.

    There are many confs with a mistake, so each is handed out when the learner comes to it.
    """

    def __init__(self, checks: Checks, exercises: list[Exercise]) -> None:
        if not exercises:
            raise LabError(f"{checks.root / 'exercises'} has no exercise; get a whole checkout")
        self.checks = checks
        self.exercises = exercises
        self._file = checks.folder / "progress"
        desk.hand_out([each for each in exercises if each.kind is not Kind.FIND])

    @property
    def names(self) -> list[str]:
        """The exercises' names in their order."""
        return [exercise.name for exercise in self.exercises]

    def progress(self) -> Progress:
        """Read what is done; another flumelab may have written it meanwhile."""
        return progress.read(self._file)

    def current(self) -> Exercise | None:
        """The exercise that the learner is at; None if all are done."""
        name = self.progress().current(self.names)
        return self._handed_out(name) if name else None

    def call(self, name: str) -> str:
        """Note what the learner wants to be called on the page of a class; return it."""
        known = replace(self.progress(), name=progress.shown_name(name))
        progress.write(self._file, known)
        return known.name

    def _handed_out(self, name: str) -> Exercise:
        exercise = read.find(self.exercises, name)
        desk.hand_out([exercise])
        return exercise

    def chosen(self, name: str | None) -> Exercise:
        """Return the named or the current exercise; raises `LabError` if there is none."""
        if name:
            return self._handed_out(name)
        current = self.current()
        if current is None:
            raise LabError("all exercises are done; name one, or see flumelab learn list")
        return current

    def go_on(self, exercise: Exercise | None) -> Exercise | None:
        """Go to the next exercise that is not done; None if all are."""
        known = self.progress()
        name = known.after(exercise.name, self.names) if exercise else known.current(self.names)
        if name:
            progress.write(self._file, replace(known, now=name))
        return self._handed_out(name) if name else None

    @contextmanager
    def checked(self, exercise: Exercise, seed: int | None = None) -> Iterator[Verdict]:
        """Check the learner's file, note the result, and yield the verdict."""
        with self.checks.checked(exercise, exercise.file, seed) as verdict:
            self._note(exercise, verdict.result)
            yield verdict

    def _note(self, exercise: Exercise, result: Result) -> None:
        """What could not be checked changes nothing."""
        known = self.progress()
        if result is Result.RIGHT:
            progress.write(self._file, known.with_done(exercise.name))
        elif result is Result.WRONG:
            progress.write(self._file, known.without(exercise.name))

    def reset(self, exercise: Exercise) -> Path | None:
        """Begin an exercise anew; return where the learner's file is kept, if it had to be."""
        return desk.reset(exercise, self.checks.folder / "kept")
