"""The rules that recognise the cause of a difference between what is expected and what is found.

A rule is a table of exercise.toml: ``{rule = "factor", by = 10}``. Its name is that of a function
below; the other keys are the function's options. A rule returns what its message may name, or None
if it does not recognise the cause.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flumelab.learn.exercise import Cause

Facts = dict[str, Any]
Rows = Mapping[str, int]


@dataclass(frozen=True)
class Outcome:
    """What a run has left.

    :param expected: and :param found: values by key
    :param hops: lines by hop: ``generated``, ``received``, ``sent``
    :param ended: whether the program ended before it was stopped
    :param error: the last line of the learner's own error
    :param source: the text of the learner's file
    :param output: the end of the program's output; :param log: of the agent's
    :param answers: other truths of the same lines, by their options; see `answer`
    """

    expected: Rows
    found: Rows
    hops: Mapping[str, int] = field(default_factory=dict)
    ended: bool = False
    error: str = ""
    source: str = ""
    output: str = ""
    log: str = ""
    other: Callable[[Mapping[str, Any]], Rows] = lambda options: {}

    @property
    def differing(self) -> list[str]:
        """The keys whose values differ, in order."""
        keys = self.expected.keys() | self.found.keys()
        return sorted(key for key in keys if self.expected.get(key) != self.found.get(key))


def of(outcome: Outcome, causes: Iterable[Cause]) -> tuple[Cause, Facts] | None:
    """Return the first cause whose rules all recognise the outcome, and what its text may name."""
    for cause in causes:
        facts: Facts | None = {}
        for rule in cause.when:
            recognised = _apply(rule, outcome)
            facts = None if recognised is None or facts is None else facts | recognised
        if facts is not None:
            return cause, facts
    return None


def require_known(rule: Mapping[str, Any]) -> None:
    """Raise ValueError if a rule or one of its options does not exist."""
    name = str(rule.get("rule"))
    if name not in RULES:
        raise ValueError(f"there is no rule {name}; there are {', '.join(RULES)}")
    known = list(inspect.signature(RULES[name]).parameters)[1:]
    known = [option.replace("_", "-") for option in known]
    if unknown := rule.keys() - {"rule", *known}:
        options = ", ".join(known) or "no options"
        raise ValueError(f"the rule {name} has no {min(unknown)}; it has {options}")


def _apply(rule: Mapping[str, Any], outcome: Outcome) -> Facts | None:
    options = {key.replace("-", "_"): value for key, value in rule.items() if key != "rule"}
    return RULES[str(rule["rule"])](outcome, **options)


def nothing(outcome: Outcome) -> Facts | None:
    """Nothing at all was found."""
    return {} if outcome.expected and not outcome.found else None


def factor(outcome: Outcome, by: float = 0) -> Facts | None:
    """Every value is the same multiple of the right one: `by`, or any."""
    if not outcome.found or outcome.found.keys() != outcome.expected.keys():
        return None
    factors = {outcome.found[key] / (outcome.expected[key] or 1) for key in outcome.expected}
    if len(factors) != 1:
        return None
    [same] = factors
    if same == 1 or (by and abs(same - by) > 1e-9):
        return None
    return {"factor": int(same) if same == int(same) else round(same, 3)}


def more(outcome: Outcome, at_least: float = 0) -> Facts | None:
    """No value is too small, none is foreign, and some are too large."""
    return _one_sided(outcome, at_least, 1)


def less(outcome: Outcome, at_least: float = 0) -> Facts | None:
    """No value is too large, none is foreign, and some are too small or missing."""
    return _one_sided(outcome, at_least, -1)


def _one_sided(outcome: Outcome, at_least: float, sign: int) -> Facts | None:
    if not outcome.found or outcome.found.keys() - outcome.expected.keys():
        return None
    gaps = [sign * (outcome.found.get(key, 0) - value) for key, value in outcome.expected.items()]
    share = sum(gaps) / max(1, sum(outcome.expected.values()))
    return {} if min(gaps, default=0) >= 0 and sum(gaps) > 0 and share >= at_least else None


def missing(outcome: Outcome, keys: str = "", others_right: bool = False) -> Facts | None:
    """Keys are missing, all of them like the regular expression `keys`."""
    gone = sorted(outcome.expected.keys() - outcome.found.keys())
    return _keys(outcome, gone, keys, others_right)


def foreign(outcome: Outcome, keys: str = "", others_right: bool = False) -> Facts | None:
    """Keys are found that are not expected, all of them like the regular expression `keys`."""
    found = sorted(outcome.found.keys() - outcome.expected.keys())
    return _keys(outcome, found, keys, others_right)


def differs(outcome: Outcome, keys: str = "", others_right: bool = False) -> Facts | None:
    """Keys like `keys` have another value than expected."""
    both = sorted(
        key
        for key in outcome.expected.keys() & outcome.found.keys()
        if outcome.expected[key] != outcome.found[key]
    )
    return _keys(outcome, both, keys, others_right)


def _keys(outcome: Outcome, keys: list[str], like: str, others_right: bool) -> Facts | None:
    if not keys or not all(re.search(like, key) for key in keys):
        return None
    if others_right and set(outcome.differing) != set(keys):
        return None
    return {"key": keys[0], "keys": len(keys)}


def values(outcome: Outcome, at_most: int) -> Facts | None:
    """No value is larger than `at_most`, although some should be."""
    largest = max(outcome.found.values(), default=0)
    return {} if 0 < largest <= at_most < max(outcome.expected.values()) else None


def answer(
    outcome: Outcome, part: str = "totals", value: str = "events", options: Iterable[str] = ()
) -> Facts | None:
    """What is found is right for another question: a part of the truth, as in [check]."""
    other = outcome.other({"part": part, "value": value, "options": list(options)})
    return {} if other and dict(other) == dict(outcome.found) else None


def ended(outcome: Outcome) -> Facts | None:
    """The program ended by itself, without an error."""
    return {} if outcome.ended and not outcome.error else None


def error(outcome: Outcome, like: str = "") -> Facts | None:
    """The program told an error whose last line is like this regular expression."""
    found = re.search(like, outcome.error) if outcome.error else None
    return {"error": outcome.error, **found.groupdict()} if found else None


def text(outcome: Outcome, like: str, absent: bool = False) -> Facts | None:
    """The learner's file has (or with `absent`: lacks) a text like this regular expression."""
    return _search(outcome.source, like, absent)


def output(outcome: Outcome, like: str, absent: bool = False) -> Facts | None:
    """The program's output has such a text."""
    return _search(outcome.output, like, absent)


def flume_log(outcome: Outcome, like: str, absent: bool = False) -> Facts | None:
    """The agent's log has such a text."""
    return _search(outcome.log, like, absent)


def _search(where: str, like: str, absent: bool) -> Facts | None:
    found = re.search(like, where, re.MULTILINE)
    if absent:
        return None if found else {}
    return found.groupdict() if found else None


def hop(outcome: Outcome, name: str, of: str, less: float = 0, more: float = 0) -> Facts | None:
    """The lines at the hop `name` are fewer (less = 1) or more than those at the hop `of`.

    `less` and `more` are the least difference in lines.
    """
    gap = outcome.hops.get(name, 0) - outcome.hops.get(of, 0)
    if (less and -gap >= less) or (more and gap >= more):
        return {"gap": abs(gap)}
    return None


RULES: Mapping[str, Callable[..., Facts | None]] = {
    rule.__name__.replace("_", "-"): rule
    for rule in (
        nothing, factor, more, less, missing, foreign, differs, values, answer, ended, error, text,
        output, flume_log, hop,
    )
}  # fmt: skip
