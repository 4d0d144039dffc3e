"""What a learner reads of a wrong answer: the difference, and its likely cause."""

from collections.abc import Mapping
from typing import Any

from flumelab.learn import causes, learner_error, predictions
from flumelab.learn.causes import Outcome
from flumelab.learn.exercise import Cause, Exercise, Kind

KEYS_SHOWN = 4
KEY_COLUMNS = 40
HOPS = ("generated", "received", "sent")
WITHOUT_CAUSE = (
    "No cause is known for this difference. Compare a key that is wrong with the task, and take a "
    "hint."
)
ENDED = (
    "The program ended by itself. A streaming program runs until the lab stops it: end with "
    "lab.run_streams(…) or lab.run_queries(…)."
)


def of(exercise: Exercise, outcome: Outcome) -> tuple[str, str]:
    """Return the id of the cause, and the message.

    An error of the learner's comes before any guess from numbers alone.
    """
    silent = "sent" in outcome.hops and "received" not in outcome.hops and not outcome.found
    if silent and (unusable := unusable_conf(exercise, outcome.log)):
        return unusable
    differing = [cause for cause in exercise.causes if not cause.although_right]
    known = [cause for cause in differing if not outcome.error or _names_error(cause)]
    if recognised := causes.of(outcome, known):
        cause, facts = recognised
        return cause.id, _with_difference(exercise, outcome, _filled(cause.says, outcome, facts))
    if outcome.error:
        begins = "Your program ended with" if outcome.ended else "Your program goes on after"
        return "error", f"{begins} an error:\n{outcome.error}"
    if outcome.ended:
        return "ended", _with_difference(exercise, outcome, ENDED)
    sent, generated = outcome.hops.get("sent", 0), outcome.hops.get("generated", 0)
    if "sent" in outcome.hops and sent < generated:
        received = outcome.hops.get("received", 0)
        says = (
            f"Flume's source put {received:,} of {generated:,} lines into the channel, and the "
            f"sink sent {sent:,}. Look at the log: .lab/learn/last/flume.log"
        )
        return "not-sent", _with_difference(exercise, outcome, says)
    return "different", _with_difference(exercise, outcome, WITHOUT_CAUSE)


def although_right(exercise: Exercise, outcome: Outcome) -> tuple[str, str] | None:
    """Return the id and the message of what is wrong though the numbers are right."""
    looked_for = [cause for cause in exercise.causes if cause.although_right]
    if recognised := causes.of(outcome, looked_for):
        cause, facts = recognised
        return cause.id, _filled(cause.says, outcome, facts)
    return None


def _names_error(cause: Cause) -> bool:
    """Whether a cause asks for the error, and not only for numbers, which the error has changed."""
    return any(rule["rule"] in ("error", "output") for rule in cause.when)


def unusable_conf(exercise: Exercise, log: str) -> tuple[str, str] | None:
    """Return the id and the message, in the words of an agent that does nothing with the conf."""
    says = learner_error.agent_error(log) if exercise.kind is Kind.CONF else ""
    return ("conf-unusable", f"Flume cannot use your conf: {says}") if says else None


def _filled(says: str, outcome: Outcome, facts: Mapping[str, Any]) -> str:
    expected, found = sum(outcome.expected.values()), sum(outcome.found.values())
    names = {
        "expected": f"{expected:,}",
        "found": f"{found:,}",
        "difference": f"{abs(found - expected):,}",
        **{name: f"{outcome.hops.get(name, 0):,}" for name in HOPS},
        **facts,
    }
    return says.format_map(names)


def _with_difference(exercise: Exercise, outcome: Outcome, says: str) -> str:
    if not outcome.expected and not outcome.found:  # nothing was sent
        return says
    predicted = exercise.kind is Kind.ANSWERS
    lines = predictions.difference(outcome) if predicted else difference(outcome)
    return "\n".join([*lines, says])


def difference(outcome: Outcome) -> list[str]:
    """The lines that show what is expected and found, the differing keys with both values."""
    expected, found = outcome.expected, outcome.found
    lines = [
        f"expected {len(expected):>6,} keys, {sum(expected.values()):>9,} in all",
        f"found    {len(found):>6,} keys, {sum(found.values()):>9,} in all",
    ]
    shown = sorted(outcome.differing, key=lambda key: -max(expected.get(key, 0), found.get(key, 0)))
    for key in shown[:KEYS_SHOWN]:
        wanted, got = _number(expected.get(key)), _number(found.get(key))
        lines.append(f"  {_cut(key):<{KEY_COLUMNS}} expected {wanted:>7}, found {got:>7}")
    if len(shown) > KEYS_SHOWN:
        lines.append(f"  … and {len(shown) - KEYS_SHOWN:,} more keys")
    return lines


def _number(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"


def _cut(key: str) -> str:
    return key if len(key) <= KEY_COLUMNS else f"{key[: KEY_COLUMNS - 1]}…"
