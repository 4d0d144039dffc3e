"""Compares what a program has printed with the lab's own count of the log (`--count REGEX`)."""

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flumelab.errors import LabError
from flumelab.own.inputs import LogFile

BATCH = re.compile(r"Time: |Batch: ")
"""What pprint and the console sink print before the rows of a batch."""
CUT_OFF = re.compile(r"\.\.\.|only showing top \d+ rows?")
"""… and after them, if the batch has more."""


@dataclass(frozen=True)
class Comparison:
    """The keys that the program printed, with the lab's count of each.

    :param printed: the numbers that the program printed, by key: the last, or the sum of all
    :param counted: the number of lines of the log in which the lab found the key, by key
    """

    printed: Mapping[str, int]
    counted: Mapping[str, int]

    @property
    def differences(self) -> dict[str, tuple[int, int]]:
        """``{key: (printed, counted)}`` for the keys where the two differ."""
        pairs = {key: (value, self.counted.get(key, 0)) for key, value in self.printed.items()}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    @property
    def right(self) -> bool:
        """Whether the program printed something, and every number is right."""
        return bool(self.printed) and not self.differences

    def as_json(self) -> dict[str, Any]:
        """As `flumelab run PROGRAM --count … --json` prints it."""
        return {
            "printed": dict(self.printed),
            "right": self.right,
            "differences": {
                key: {"printed": printed, "counted": counted}
                for key, (printed, counted) in self.differences.items()
            },
        }


def compare(output: str, counted: Mapping[str, int]) -> Comparison:
    """Compare what was printed as ``(key, number)``, or in a table, with a count of the log.

    For a window or a running total the last number is right, for counts of single batches the sum
    of all numbers. The one that fits better is used. Of a program that prints only the first rows,
    the last number of a key that is among them no more is left out.

    :param counted: as `count` returns it
    """
    summed: Counter[str] = Counter()
    last: dict[str, int] = {}
    batch: dict[str, int] = {}
    for line in output.splitlines():
        if BATCH.match(line):
            batch = {}
        elif CUT_OFF.fullmatch(line):
            last = dict(batch)  # a key of an earlier batch may now have a number that is cut off
        elif pair := _pair(line):
            key, value = pair
            summed[key] += value
            last[key] = batch[key] = value
    both = (Comparison(last, counted), Comparison(dict(summed), counted))
    return min(both, key=lambda comparison: len(comparison.differences))


def count(files: Iterable[LogFile], pattern: str, each: bool = False) -> Counter[str]:
    """Count the lines of a log by their key.

    :param pattern: a regular expression; its first group (or the whole match) is the line's key
    :param each: whether each match in a line is a key, as for words
    """
    return Counter(_keys(files, expression_of(pattern), each))


def expression_of(pattern: str) -> re.Pattern[bytes]:
    """Compile what `--count` gives; raises `LabError`."""
    try:
        return re.compile(pattern.encode())
    except re.error as error:
        raise LabError(
            f"--count {pattern} is not a regular expression: {error}; correct it"
        ) from None


def _keys(files: Iterable[LogFile], expression: re.Pattern[bytes], each: bool) -> Iterator[str]:
    for file in files:
        for line in file.lines():
            matches = expression.finditer(line)
            for found in matches if each else itertools.islice(matches, 1):
                key = found[1] if expression.groups else found[0]
                if key or not each:
                    yield (key or b"").decode("utf-8", "replace")


def _pair(line: str) -> tuple[str, int] | None:
    if line.startswith("(") and line.endswith(")"):
        try:
            key, value = ast.literal_eval(line)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None
    elif line.startswith("|") and line.endswith("|") and line.count("|") == 3:
        key, value = (cell.strip() for cell in line.strip("|").split("|"))
        value = int(value) if value.isdecimal() else None
    else:
        return None
    return (str(key), value) if isinstance(value, int) else None
