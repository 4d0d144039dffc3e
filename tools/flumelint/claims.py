"""Whether Flume did what a rule's text says; the text itself is what is checked.

- Words in backticks that have a space, or that follow ``logs``, are quoted from Flume's log: the
  wrong example makes Flume log them. A ``…`` in them stands for anything, a name for any name.
- A text without such words in which Flume "says nothing" or "logs nothing": no warning, no error.
- ``idle``: with the wrong example less runs, or fewer events come out, than with the right one.
- ``loses-data``: with the wrong example events are missing that the right one delivers.
- What a scene looks at (`Scene.shows`) differs between the two.
- Any rule: the two differ in what runs, in the events, in what the scene looks at, or in the log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flumelint.findings import Severity
from flumelint.rules.rule import Rule
from tools.flumelint.scenes import DIFFER, NOT_SHOWN

QUOTE = re.compile(r"(?P<before>\w*)[ (:]*`(?P<text>[^`]+)`")
SILENT = re.compile(r"\b(?:says|logs) nothing\b|\bwithout a word\b")
NAME = re.compile(r"\\?\b(?:[a-z]{1,2}\d|NAME|N)\b")


def quotes_of(rule: Rule) -> list[str]:
    """What the text says that Flume logs."""
    found = []
    for match in QUOTE.finditer(rule.flume.replace("\n", " ")):
        if match["before"] == "logs" or " " in match["text"]:
            found.append(match["text"])
    return found


def pattern_of(quote: str) -> re.Pattern[str]:
    """A quote as a pattern: its names may be others, and white space may differ."""
    pattern = NAME.sub(r"\\S+", re.escape(quote)).replace("…", ".*")
    return re.compile(re.sub(r"(?:\\ )+", r"\\s+", pattern))


def proven(rule: Rule, logs: Sequence[str], wrong: Sequence[Any], right: Any) -> dict[str, bool]:
    """Each claim of a rule, and whether it held.

    :param logs: all lines that the wrong examples made Flume log
    :param wrong: the records of the wrong examples
    :param right: the record of the right one
    """
    claims: dict[str, bool] = {}
    quotes = quotes_of(rule)
    for quote in quotes:
        pattern = pattern_of(quote)
        claims[f"logs: {quote}"] = any(pattern.search(line) for line in logs)
    if not quotes and SILENT.search(rule.flume):
        loud = [line for each in wrong for line in each["log"] if not line.startswith("INFO")]
        claims["logs nothing"] = not loud
    if rule.severity is Severity.IDLE:
        claims["less runs, or fewer events come out"] = all(is_less(each, right) for each in wrong)
    if rule.severity is Severity.LOSES_DATA:
        claims["events are missing"] = all(is_missing(each, right) for each in wrong)
    for name, seen in right.get("shown", {}).items():
        claims[f"differs: {name}"] = wrong[0]["shown"][name] != seen
    if not quotes:  # only the wrong one says that
        claims[DIFFER] = all(differ(each, right) for each in wrong)
    return {claim: held for claim, held in claims.items() if (rule.name, claim) not in NOT_SHOWN}


def differ(wrong: Any, right: Any) -> bool:
    """Whether something that a run always shows is not the same; chance lines of a log are left."""
    return any(wrong.get(part) != right.get(part) for part in ("runs", "events", "shown", "died"))


def is_less(wrong: Any, right: Any) -> bool:
    return (
        "died" in wrong or len(wrong["runs"]) < len(right["runs"]) or out_of(wrong) < out_of(right)
    )


def is_missing(wrong: Any, right: Any) -> bool:
    """Fewer events came out than with the right example, or less of what went into channels."""
    held = sum(into - out for into, out in wrong["events"].values())
    return out_of(wrong) < out_of(right) or held > sum(
        into - out for into, out in right["events"].values()
    )


def out_of(record: Any) -> int:
    """How many events left the channels."""
    return sum(out for _, out in record["events"].values())
