"""Compares what a program has printed with the lab's own count of the log (`--count REGEX`)."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flumelab.errors import LabError
from flumelab.own import printed_rows
from flumelab.own.inputs import LogFile
from flumelab.own.printed_rows import BatchBegins, CutOff, Printed

COLUMNS_TRIED_MAX = 4  # in any order; 5 would be 120 orders
BETWEEN_COLUMNS = "\x1f"  # which no log has


@dataclass(frozen=True)
class Comparison:
    """The keys that the program printed, with the lab's count of each.

    :param printed: the numbers that the program printed, by key: the last, or the sum of all. The
        columns of a key are joined by `BETWEEN_COLUMNS`; `shown_key` has them as a user reads them
    :param counted: the number that each key should have: the lines of the log in which the lab
        found it, times the windows that count a line
    :param not_compared: a sentence for each kind of rows that cannot be compared
    """

    printed: Mapping[str, int]
    counted: Mapping[str, int]
    not_compared: Sequence[str] = ()

    @property
    def differences(self) -> dict[str, tuple[int, int]]:
        """``{key: (printed, counted)}`` for the keys where the two differ."""
        pairs = {key: (value, self.counted.get(key, 0)) for key, value in self.printed.items()}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    @property
    def right(self) -> bool:
        """Whether the program printed something that can be compared, and every number is right."""
        return bool(self.printed) and not self.differences

    def as_json(self) -> dict[str, Any]:
        """As `flumelab run PROGRAM --count … --json` prints it."""
        return {
            "printed": {shown_key(key): number for key, number in self.printed.items()},
            "right": self.right,
            "differences": {
                shown_key(key): {"printed": printed, "counted": counted}
                for key, (printed, counted) in self.differences.items()
            },
            "not_compared": list(self.not_compared),
        }


def shown_key(key: str) -> str:
    """Return a key with its columns between commas."""
    return key.replace(BETWEEN_COLUMNS, ", ")


def compare(output: str, counted: Mapping[str, int], columns: int = 1) -> Comparison:
    """Compare what was printed, in pairs, rows or tables, with a count of the log.

    :param counted: as `count` returns it
    :param columns: how many columns a key has; see `columns_of`
    """
    found = list(printed_rows.of(output, columns))
    rows = [each for each in found if isinstance(each, Printed)]
    if columns > 1 and rows and all(len(row.key) == 1 for row in rows):
        return compare(output, _by_first_column(counted))
    others = {each for each in rows if len(each.key) != columns}
    fitting = [each for each in found if not isinstance(each, Printed) or each not in others]
    if columns > 1:
        counted = _normal_keys(counted)
        fitting = _in_the_counts_order(fitting, counted, columns)
    sentences = dict.fromkeys(_why_not_comparable(row, columns) for row in rows if row in others)
    if any(isinstance(each, Printed) and each.times for each in fitting):
        compared = _by_windows(fitting, counted)
    else:
        compared = _by_keys(fitting, counted)
    return replace(compared, not_compared=[*compared.not_compared, *sentences])


def _by_keys(
    found: Iterable[Printed | BatchBegins | CutOff], counted: Mapping[str, int]
) -> Comparison:
    """Compare rows without times.

    For a window or a running total the last number is right, for counts of single batches the sum
    of all numbers. The one that fits better is used. Of a program that prints only the first rows,
    the last number of a key that is among them no more is left out.
    """
    summed: Counter[str] = Counter()
    last: dict[str, int] = {}
    batch: dict[str, int] = {}
    for each in found:
        if isinstance(each, BatchBegins):
            batch = {}
        elif isinstance(each, CutOff):
            last = dict(batch)  # a key of an earlier batch may now have a number that is cut off
        else:
            key = BETWEEN_COLUMNS.join(each.key)
            summed[key] += each.number
            last[key] = batch[key] = each.number
    both = (Comparison(last, counted), Comparison(dict(summed), counted))
    return min(both, key=lambda comparison: len(comparison.differences))


def _by_windows(
    found: Iterable[Printed | BatchBegins | CutOff], counted: Mapping[str, int]
) -> Comparison:
    """Compare each key's sum over all windows; overlapping windows count a line several times."""
    last: dict[tuple[tuple[str, ...], str], int] = {}
    printed_again = False
    for each in found:
        if isinstance(each, CutOff):
            cut = (
                "some rows of the windows are not printed; print all: pprint(1000), show(1000) or "
                "option numRows"
            )
            return Comparison({}, counted, [cut])
        if isinstance(each, Printed):
            place = each.times, BETWEEN_COLUMNS.join(each.key)
            printed_again = printed_again or place in last
            last[place] = each.number
    overlap = _overlap({times for times, _ in last})
    sums: defaultdict[str, int] = defaultdict(int)
    for (_, key), number in last.items():
        sums[key] += number
    expected = {key: (overlap or 1) * lines for key, lines in counted.items()}
    wrong = {key: number for key, number in sums.items() if number != expected.get(key, 0)}
    if wrong and overlap is None:
        unknown = (
            "the end of each window is not printed, so the lab cannot tell how many windows count "
            "a line; print it, too"
        )
        return Comparison({}, counted, [unknown])
    still_open = {
        key for key, number in wrong.items() if number < expected.get(key, 0) and not printed_again
    }
    said = "some windows were still open at the end and were not printed, so some keys have less"
    compared = {key: number for key, number in sums.items() if key not in still_open}
    return Comparison(compared, expected, [said] if still_open else [])


def _overlap(windows: Iterable[tuple[str, ...]]) -> int | None:
    """Return how many windows count each line; None if the windows' ends are not printed."""
    spans = {span for span in map(printed_rows.window_of, windows) if span}
    starts = sorted({start for start, _ in spans})
    lengths = {end - start for start, end in spans if end}
    if len(lengths) != 1:
        return None
    (length,) = lengths
    slides = [later - earlier for earlier, later in itertools.pairwise(starts)]
    return max(1, round(length / min(slides))) if slides else 1


def _why_not_comparable(row: Printed, columns: int) -> str:
    shape = f"the table {', '.join(row.names)}" if row.names else "a printed row"
    has = f"{len(row.key)} column{'s' if len(row.key) != 1 else ''} as its key"
    groups = f"{columns} group{'s' if columns != 1 else ''}"
    return f"{shape} has {has}, and the expression has {groups}; write one group for each column"


def _by_first_column(counted: Mapping[str, int]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for key, number in counted.items():
        sums[key.partition(BETWEEN_COLUMNS)[0]] += number
    return dict(sums)


def _normal_keys(counted: Mapping[str, int]) -> dict[str, int]:
    """The counts with numbers as a column of numbers shows them: 4, where the log has 04."""
    normal: Counter[str] = Counter()
    for key, number in counted.items():
        normal[BETWEEN_COLUMNS.join(map(_normal, key.split(BETWEEN_COLUMNS)))] += number
    return dict(normal)


def _normal(part: str) -> str:
    return str(int(part)) if part.isdecimal() else part


def _in_the_counts_order(
    found: Sequence[Printed | BatchBegins | CutOff], counted: Mapping[str, int], columns: int
) -> list[Printed | BatchBegins | CutOff]:
    """Bring the columns into the order of the expression's groups: the one that finds most keys."""
    if columns > COLUMNS_TRIED_MAX:
        return list(found)
    keys = [tuple(map(_normal, each.key)) for each in found if isinstance(each, Printed)]

    def known(order: Sequence[int]) -> int:
        return sum(BETWEEN_COLUMNS.join(key[place] for place in order) in counted for key in keys)

    best = max(itertools.permutations(range(columns)), key=known)
    return [
        Printed(tuple(_normal(each.key[place]) for place in best), each.times, each.number)
        if isinstance(each, Printed)
        else each
        for each in found
    ]


def count(files: Iterable[LogFile], pattern: str, each: bool = False) -> Counter[str]:
    """Count the lines of a log by their key.

    :param pattern: a regular expression; its first group (or the whole match) is the line's key,
        and several groups are the columns of the key
    :param each: whether each match in a line is a key, as for words
    """
    return Counter(_keys(files, expression_of(pattern), each))


def columns_of(pattern: str) -> int:
    """Return how many columns the keys have that `count` finds."""
    return max(1, expression_of(pattern).groups)


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
                groups = found.groups(b"") or (found[0],)
                if any(groups) or not each:
                    yield BETWEEN_COLUMNS.join(part.decode("utf-8", "replace") for part in groups)
