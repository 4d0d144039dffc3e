"""The learner's files: handed out, kept before each reset, and never lost."""

import shutil
from datetime import datetime
from pathlib import Path

from flumelab.learn.exercise import Exercise


def hand_out(exercises: list[Exercise]) -> None:
    """Copy each starter to its place, unless the learner's file is there."""
    for exercise in exercises:
        if not exercise.file.exists():
            shutil.copyfile(exercise.starter, exercise.file)


def is_untouched(exercise: Exercise) -> bool:
    """Whether the learner has not changed the file."""
    return exercise.file.is_file() and exercise.file.read_bytes() == exercise.starter.read_bytes()


def reset(exercise: Exercise, kept: Path) -> Path | None:
    """Put the starter in the place of the learner's file; return where that file is kept.

    None: the file was missing or untouched, so nothing had to be kept.
    """
    copy = None
    if exercise.file.is_file() and not is_untouched(exercise):
        copy = _free(kept / exercise.name, exercise.file)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(exercise.file, copy)
    shutil.copyfile(exercise.starter, exercise.file)
    return copy


def _free(folder: Path, file: Path) -> Path:
    """A name in the folder that no file has: the time, and a number if need be."""
    stem = f"{file.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    names = (
        f"{stem}{number}{file.suffix}" for number in ("", *(f"-{n}" for n in range(2, 10_000)))
    )
    return next(folder / name for name in names if not (folder / name).exists())
