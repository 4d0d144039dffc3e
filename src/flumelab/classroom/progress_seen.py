"""Reads how far learners are. Their files are theirs, so nothing in them is trusted."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flumelab.classroom.roll import Learner, Roll
from flumelab.learn import progress

FILE_BYTES_MAX = 64 << 10  # far more than all names of exercises


@dataclass(frozen=True)
class Seen:
    """One learner's progress.

    :param name: what the learner chose to be called; empty if nothing
    :param done: names of exercises, in the order of the exercises
    :param now: the exercise that the learner is at; empty if all are done
    :param changed: when the progress changed last, a Unix time; 0 if it never did
    """

    number: int
    name: str
    done: tuple[str, ...]
    now: str
    changed: float


def of(learner: Learner, names: Sequence[str]) -> Seen:
    """Read one learner's progress; what is no exercise is left out."""
    text, changed = _read(learner.learn / "progress")
    found = progress.parse(text)
    done = tuple(name for name in names if name in found.done)
    return Seen(learner.number, found.name, done, found.current(names) or "", changed)


def of_all(roll: Roll, names: Sequence[str]) -> list[Seen]:
    """Read the progress of a class."""
    return [of(learner, names) for learner in roll.all()]


def _read(file: Path) -> tuple[str, float]:
    """The text and the time of a plain file, and nothing of what a link or a pipe leads to."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "", 0.0
    try:
        about = os.fstat(opened)
        if not stat.S_ISREG(about.st_mode):
            return "", 0.0
        return os.read(opened, FILE_BYTES_MAX).decode("utf-8", "replace"), about.st_mtime
    finally:
        os.close(opened)
