"""Reads exercises from their folders, and refuses a description that has a mistake."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flumelab.errors import LabError
from flumelab.learn import causes, mistakes, predictions
from flumelab.learn.exercise import (
    DESCRIPTION,
    Cause,
    Check,
    Exercise,
    Fault,
    Kind,
    Load,
    Run,
    Wrong,
)
from flumelab.lessons import catalogue
from flumelab.lessons.answer import Answer
from flumelab.lessons.catalogue import Lesson, Program

FOLDER = re.compile(r"(\d\d)-([a-z0-9-]{1,32})")
KEYS = {
    "": {"title", "aim", "kind", "file", "hints", "run", "load", "check", "starter", "causes",
         "wrong"},
    "run": {"lesson", "program", "second", "conf", "seconds", "settle", "quiet", "fault"},
    "run.fault": {"kill", "after", "start"},
    "load": {"scenario", "lines", "malformed", "options", "waves", "batch"},
    "check": {"part", "value", "options", "measured", "flume", "keys"},
    "starter": {"cause"},
    "causes": {"id", "when", "says", "although-right"},
    "wrong": {"file", "cause"},
}  # fmt: skip
BUILT_IN = (
    "lint:", "own-folder", "error", "ended", "conf-unusable", "not-sent", "not-answered",
    "different",
)  # fmt: skip
"""The causes that every exercise has; see `flumelab.learn.messages`."""


def all_of(root: Path) -> list[Exercise]:
    """Return a checkout's exercises in their order; raises `LabError` for a mistake in one."""
    folders = sorted((root / "exercises").glob(f"*/{DESCRIPTION}"))
    return [*(_read(file, root) for file in folders), *mistakes.all_of(root)]


def find(exercises: list[Exercise], name: str) -> Exercise:
    """Return the exercise of that name, or number; raises `LabError` with all names."""
    wanted = name.strip("/").removeprefix("exercises/")
    for exercise in exercises:
        if wanted == exercise.name or wanted in _folder_names(exercise):
            return exercise
    raise LabError(f"no exercise named {name}; flumelab learn list names them all")


def _folder_names(exercise: Exercise) -> tuple[str, ...]:
    """The names of a folder that has one exercise."""
    folder = exercise.folder.name
    return () if exercise.kind is Kind.FIND else (folder, folder[:2], folder[:2].lstrip("0"))


def _read(file: Path, root: Path) -> Exercise:
    match = FOLDER.fullmatch(file.parent.name)
    if not match:
        raise LabError(f"{file.parent}: not NN-name, in small letters; rename the folder")
    try:
        return _exercise(tomllib.loads(file.read_text("utf-8")), file, match[2], root)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise LabError(f"{file}: {_fact(error)}; see docs/reference/exercises.md") from None


def _fact(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _exercise(given: Mapping[str, Any], file: Path, name: str, root: Path) -> Exercise:
    _require_known("", given)
    kind = Kind(given["kind"])
    folder, edited = file.parent, file.parent / given["file"]
    if not given["hints"]:
        raise ValueError("no hints; write at least one")
    found = tuple(_cause(each) for each in given.get("causes", []))
    wrong = tuple(_wrong(each, folder) for each in given["wrong"])
    if len(wrong) < 2:
        raise ValueError("fewer than two planted wrong answers; write two in wrong/")
    starter_cause = _known("starter", given["starter"])["cause"]
    _require_causes(found, [starter_cause, *(each.cause for each in wrong)])
    solution = root / "solutions" / folder.name / edited.name
    exercise = Exercise(
        name=name,
        folder=folder,
        title=given["title"],
        aim=given["aim"],
        kind=kind,
        file=edited,
        starter=folder / "starter" / edited.name,
        solution=solution,
        starter_cause=starter_cause,
        hints=tuple(given["hints"]),
        causes=found,
        wrong=wrong,
    )
    for needed in (exercise.starter, solution, folder / "README.md", *(w.file for w in wrong)):
        if not needed.is_file():
            raise ValueError(f"{needed} is not there; write it")
    load, lesson = _load(given["load"]), catalogue.find(given["run"]["lesson"])
    return replace(
        exercise,
        run=_run(given["run"], lesson, exercise, root),
        load=load,
        check=_check(given.get("check", {}), lesson),
    )


def _run(given: Mapping[str, Any], lesson: Lesson, exercise: Exercise, root: Path) -> Run:
    """The lesson, with the exercise's own files in the place of the lesson's."""
    _require_known("run", given)
    fault = given.get("fault")
    programs = list(lesson.programs)
    for place, key in enumerate(("program", "second")):
        if key in given:
            programs[place] = replace(
                programs[place], file=_from(root / "spark-apps", exercise.folder / given[key])
            )
    conf = lesson.conf
    if "conf" in given:
        conf = _from(root / "flume-conf", exercise.folder / given["conf"])
    return Run(
        lesson=replace(lesson, programs=tuple(programs), conf=conf),
        fault=Fault(**_known("run.fault", fault)) if fault else None,
        **{key: float(given[key]) for key in ("seconds", "settle", "quiet") if key in given},
    )


def lesson_with(exercise: Exercise, file: Path, root: Path) -> Lesson:
    """Return the lesson that runs `file` in the place of the file that the learner edits."""
    assert exercise.run
    lesson = exercise.run.lesson
    if exercise.kind is Kind.PROGRAM:
        first = Program(
            _from(root / "spark-apps", file), lesson.program.service, lesson.program.reads
        )
        return replace(lesson, programs=(first, *lesson.programs[1:]))
    if exercise.kind is Kind.CONF:
        return replace(lesson, conf=_from(root / "flume-conf", file))
    return lesson


def _from(folder: Path, file: Path) -> str:
    """The path of a file, seen from a folder: the runtimes join the two."""
    return os.path.relpath(file, folder)


def _load(given: Mapping[str, Any]) -> Load:
    _require_known("load", given)
    low, high = given["lines"]
    if not 0 < low < high:
        raise ValueError("lines is not [least, most]; give two different numbers")
    batch, waves = int(given.get("batch", 1)), int(given.get("waves", 1))
    if batch < 1 or -(-low // batch) > high // batch:
        raise ValueError(f"no number from {low} to {high} is a multiple of batch = {batch}")
    if batch > 1 and waves > 1:
        raise ValueError("batch is for one wave; leave out batch or waves")
    return Load(
        scenario=given["scenario"],
        lines=(low, high),
        malformed=float(given.get("malformed", 0)),
        options=tuple(given.get("options", ())),
        waves=waves,
        batch=batch,
    )


def _check(given: Mapping[str, Any], lesson: Lesson) -> Check:
    _require_known("check", given)
    answer = lesson.answer
    if given.keys() & {"part", "value", "options"}:
        answer = Answer(
            given.get("part", "totals"), given.get("value", "events"),
            tuple(given.get("options", ())),
        )  # fmt: skip
    flume = given.get("flume", lesson.uses_flume)
    measured = given.get("measured", {})
    predictions.require_known(measured)
    return Check(answer, measured, flume, given.get("keys", ""))


def _cause(given: Mapping[str, Any]) -> Cause:
    _require_known("causes", given)
    when = given["when"]
    rules = tuple(when) if isinstance(when, list) else (when,)
    for rule in rules:
        causes.require_known(rule)
    says, although_right = _paragraphs(given["says"]), bool(given.get("although-right", False))
    return Cause(given["id"], rules, says, although_right)


def _paragraphs(text: str) -> str:
    """Each paragraph in one line, which is broken where it is shown."""
    return "\n".join(" ".join(each.split()) for each in re.split(r"\n\s*\n", text.strip()))


def _wrong(given: Mapping[str, Any], folder: Path) -> Wrong:
    _require_known("wrong", given)
    return Wrong(folder / given["file"], given["cause"])


def _require_causes(found: tuple[Cause, ...], named: list[str]) -> None:
    ids = [cause.id for cause in found]
    if len(set(ids)) != len(ids):
        raise ValueError("two causes have the same id; rename one")
    for cause in named:
        if cause not in ids and not cause.startswith(BUILT_IN):
            raise ValueError(f"there is no cause {cause}; add it to [[causes]]")


def _require_known(part: str, given: Mapping[str, Any]) -> None:
    if unknown := given.keys() - KEYS[part]:
        names = ", ".join(sorted(KEYS[part]))
        raise ValueError(f"[{part or 'top'}] has no {min(unknown)}; it has {names}")


def _known(part: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    _require_known(part, given)
    return given
