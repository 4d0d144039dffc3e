"""The author's check: starters and planted wrong answers fail with their own message."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from flumelab.learn.exercise import Exercise
from flumelab.learn.verdict import Result, Verdict
from flumelab.learn.workshop import Workshop


@dataclass(frozen=True)
class Proof:
    """One file, what must come of it, and what came."""

    file: Path
    wanted: Result
    cause: str
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether the result and the cause are those that the exercise names."""
        return self.verdict.result is self.wanted and self.verdict.cause == self.cause

    def as_json(self) -> dict[str, Any]:
        """As `flumelab learn verify --json` prints it."""
        return {
            "file": str(self.file),
            "wanted": {"result": self.wanted.value, "cause": self.cause},
            "holds": self.holds,
            **self.verdict.as_json(),
        }


def claims(exercise: Exercise) -> list[tuple[Path, Result, str]]:
    """Each file of an exercise, with the result and the cause that it must have."""
    wrong = [(each.file, Result.WRONG, each.cause) for each in exercise.wrong]
    return [
        (exercise.starter, Result.WRONG, exercise.starter_cause),
        *wrong,
        (exercise.solution, Result.RIGHT, ""),
    ]


def verify(workshop: Workshop, exercises: list[Exercise], seeds: list[int]) -> Iterator[Proof]:
    """Check every file of every exercise with every seed."""
    for seed in seeds:
        for exercise in exercises:
            for file, wanted, cause in claims(exercise):
                yield Proof(file, wanted, cause, workshop.check(exercise, file, seed))


def times(proofs: list[Proof]) -> dict[str, tuple[float, float]]:
    """The median and the 90th percentile of the seconds to a verdict, by exercise."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for proof in proofs:
        seconds[proof.verdict.exercise].append(proof.verdict.seconds)
    return {
        name: (median(its), sorted(its)[min(len(its) - 1, int(0.9 * len(its)))])
        for name, its in seconds.items()
    }
