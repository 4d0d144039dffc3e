"""Predictions: what the learner wrote down, and what the run has measured."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from flumelab.learn.causes import Outcome, Rows

QUESTION_COLUMNS = 32


class NotAnswered(Exception):
    """The file lacks an answer, or has one that is no whole number."""


def answers(file: Path, questions: Mapping[str, str]) -> dict[str, int]:
    """Return the learner's answer to each question; raises `NotAnswered` with what to do."""
    try:
        given = tomllib.loads(file.read_text("utf-8", "replace"))
    except tomllib.TOMLDecodeError as error:
        raise NotAnswered(f"{file.name}: {error}; write lines such as lost = 12") from None
    found = {}
    for question in questions:
        value = given.get(question)
        if not isinstance(value, int) or isinstance(value, bool):
            raise NotAnswered(
                f"{file.name}: {question} has no number yet; write your prediction first, "
                "a number without quotes, then check it"
            )
        found[question] = value
    return found


def measured(outcome: Outcome, questions: Mapping[str, str]) -> Rows:
    """Return the right answer to each question: a number of the run, or one that theory gives.

    ``lost`` and ``duplicated`` are lines; ``rows`` is the number of keys that were found, and
    ``counted`` their sum; ``generated``, ``received`` and ``sent`` are hops; ``row KEY`` is the
    value of a key; ``= 100`` is 100.
    """
    return {question: _number(outcome, of) for question, of in questions.items()}


def _number(outcome: Outcome, of: str) -> int:
    expected, found = outcome.expected, outcome.found
    if of.startswith("="):
        return int(of[1:])
    if of.startswith("row "):
        return found.get(of.removeprefix("row "), 0)
    match of:
        case "lost":
            return sum(max(0, value - found.get(key, 0)) for key, value in expected.items())
        case "duplicated":
            return sum(max(0, value - expected.get(key, 0)) for key, value in found.items())
        case "counted":
            return sum(found.values())
        case "rows":
            return len(found)
        case _:
            return outcome.hops[of]


def difference(outcome: Outcome) -> list[str]:
    """The lines that show each prediction that is wrong, and what was measured."""
    return [
        f"  {question:<{QUESTION_COLUMNS}} your answer {outcome.found[question]:>7,}, "
        f"measured {outcome.expected[question]:>7,}"
        for question in outcome.expected
        if outcome.expected[question] != outcome.found[question]
    ]


def require_known(questions: Mapping[str, str]) -> None:
    """Raise ValueError for a measure that does not exist."""
    hops = dict.fromkeys(("generated", "received", "sent"), 0)
    try:
        measured(Outcome({}, {}, hops), questions)
    except (KeyError, ValueError):
        raise ValueError(
            f"measured = {dict(questions)}: give lost, duplicated, counted, rows, generated, "
            "received, sent, row KEY, or = NUMBER"
        ) from None
