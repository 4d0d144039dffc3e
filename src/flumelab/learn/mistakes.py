"""The exercises "find the mistake": a conf each, with one mistake that Flume tolerates in silence.

They are made from the examples of flumelint's rules, and flumelint judges them. That Flume does
what a rule says is proved elsewhere, with the same examples in a real agent.
"""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from flumelab import as_typed
from flumelab.learn import linted
from flumelab.learn.exercise import Exercise, Kind, Wrong
from flumelab.learn.verdict import Result, Verdict
from flumelint import Options, all_rules, check, parse

FOLDER = "exercises/20-find-the-mistake"
LIST = "family.toml"
AIM = "A conf has one mistake about which Flume says nothing. Find it and correct it."


def rules(folder: Path) -> list[str]:
    """Return the names of the rules, in the order of their numbers."""
    file = folder / LIST
    return list(tomllib.loads(file.read_text("utf-8"))["rules"]) if file.exists() else []


def file_name(number: int) -> str:
    """The name of a conf, which does not tell what is wrong in it."""
    return f"mistake-{number:02}.conf"


def all_of(root: Path) -> Iterator[Exercise]:
    """Yield an exercise for each rule."""
    folder = root / FOLDER
    for number, rule in enumerate(rules(folder), 1):
        file = file_name(number)
        yield Exercise(
            name=f"mistake-{number:02}",
            folder=folder,
            title=f"Find the mistake {number}",
            aim=AIM,
            kind=Kind.FIND,
            file=folder / file,
            starter=folder / "starter" / file,
            solution=root / "solutions" / folder.name / file,
            starter_cause="mistake-left",
            hints=(
                f"What is wrong: {all_rules()[rule].summary}.",
                f"flumelint explain {rule} says what Flume does, with an example.",
                f"flumelint {as_typed.path(folder / file, root)} names the place.",
            ),
            causes=(),
            wrong=(
                Wrong(folder / "wrong" / "empty.conf", "part-missing"),
                Wrong(folder / "wrong" / "other-agent.conf", "part-missing"),
            ),
            rule=rule,
        )


def judge(exercise: Exercise, file: Path) -> Verdict:
    """Say whether the mistake is gone, and everything else still there."""
    if not file.is_file():
        says = f"{file} is not there; flumelab learn reset {exercise.name} makes it anew"
        return Verdict(exercise.name, Result.WRONG, "no-file", says)
    rule = all_rules()[exercise.rule]
    found = check(file, options=Options(environ=os.environ))
    if any(each.rule == exercise.rule for each in found):
        says = f"The mistake is still there. What it costs:\n{rule.harm}"
        return Verdict(exercise.name, Result.WRONG, "mistake-left", says)
    if gone := sorted(_parts(exercise.solution) - _parts(file)):
        says = (
            f"{gone[0]} is missing now. Correct the mistake, and remove only a part that has "
            "nothing to do afterwards."
        )
        return Verdict(exercise.name, Result.WRONG, "part-missing", says)
    if mistake := linted.worst_of(found):
        return Verdict(exercise.name, Result.WRONG, *mistake)
    return Verdict(exercise.name, Result.RIGHT)


def _parts(conf: Path) -> set[str]:
    """The types of a conf's components: ``a1.sinks.k1.type = logger``."""
    document = parse(conf.read_text("utf-8", "replace"), str(conf))
    types = [each for each in document.assignments if each.key.text.endswith(".type")]
    return {f"{each.key.text} = {each.value.text.strip()}" for each in types}
