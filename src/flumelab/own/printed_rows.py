"""Finds the keys and their numbers in what a program has printed.

It reads ``(key, number)`` and ``Row(…)``, as `pprint` and `print` write them, and the tables of
`show()` and of the console sink. A key may have several columns: ``((a, b), number)``, or a table
with more than two. A column of times, or of windows, is kept apart.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

BATCH = re.compile(r"Time: |Batch: ")
"""What pprint and the console sink print before the rows of a batch."""
CUT_OFF = re.compile(r"\.\.\.|only showing top \d+ rows?")
"""… and after them, if the batch has more."""
NUMBER_NAMES = re.compile(r"count(\(.*\))?|counts|total|totals|cnt|number|hits|n|sum", re.I)
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?"
WINDOW = re.compile(rf"[\[{{](?P<start>{TIME}), (?P<end>{TIME})[\]}}]|(?P<time>{TIME})")


@dataclass(frozen=True)
class Printed:
    """One row that a program has printed.

    :param key: its key columns as text, the times left out
    :param times: its columns of times, or of windows
    :param names: the columns' names, from the table's header; empty if they are not known
    """

    key: tuple[str, ...]
    times: tuple[str, ...]
    number: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchBegins:
    """The program begins to print another batch."""


@dataclass(frozen=True)
class CutOff:
    """The batch has further rows, which the program does not print."""


def of(output: str, columns: int) -> Iterator[Printed | BatchBegins | CutOff]:
    """Yield what a program's output has, in its order.

    :param columns: how many key columns are asked for; a time is a part of the key only if the key
        would have too few columns without it
    """
    names: tuple[str, ...] = ()
    for line in output.splitlines():
        if BATCH.match(line):
            yield BatchBegins()
        elif CUT_OFF.fullmatch(line):
            yield CutOff()
        elif line.startswith("|") and line.endswith("|"):
            cells = [cell.strip() for cell in line[1:-1].split("|")]
            known = names if len(names) == len(cells) else ()
            row = _of_cells(cells, known, columns)
            if row:
                yield row
            elif len(cells) > 1 and not any(cell.isdecimal() for cell in cells):
                names = tuple(cells)
        elif line.endswith(")") and (row := _of_literal(line, columns)):
            yield row


def window_of(times: Sequence[str]) -> tuple[datetime, datetime | None] | None:
    """Return the start of a row's window, and its end where that is printed."""
    found: list[datetime] = []
    for time in times:
        if match := WINDOW.fullmatch(time):
            found += [datetime.fromisoformat(text) for text in match.groups() if text]
    return (found[0], found[1] if len(found) > 1 else None) if found else None


def _of_cells(cells: Sequence[str], names: tuple[str, ...], columns: int) -> Printed | None:
    """A table's row: its number is in the column with such a name, or else in the last one."""
    if len(cells) < 2:
        return None
    named = [place for place, name in enumerate(names) if NUMBER_NAMES.fullmatch(name)]
    place = named[0] if len(named) == 1 else len(cells) - 1
    if not cells[place].isdecimal():
        return None
    return _row([*cells[:place], *cells[place + 1 :]], int(cells[place]), names, columns)


def _of_literal(line: str, columns: int) -> Printed | None:
    if line.startswith("Row("):
        named = _fields(line)
        if not named or not all(isinstance(value, (str, int)) for value in named.values()):
            return None
        return _of_cells([str(value) for value in named.values()], tuple(named), columns)
    if not line.startswith("("):
        return None
    try:
        key, number = ast.literal_eval(line)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    parts = list(_flat(key)) if isinstance(key, tuple) else [str(key)]
    return _row(parts, number, (), columns)


def _fields(line: str) -> dict[str, object]:
    """The fields of ``Row(url='/', count=3)``; none if one of them is no constant."""
    try:
        call = ast.parse(line, mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    if not isinstance(call, ast.Call) or call.args:
        return {}
    fields = {each.arg or "": each.value for each in call.keywords}
    if not all(isinstance(value, ast.Constant) for value in fields.values()):
        return {}
    return {name: ast.literal_eval(value) for name, value in fields.items()}


def _flat(key: tuple[object, ...]) -> Iterator[str]:
    for part in key:
        if isinstance(part, tuple):
            yield from _flat(part)
        else:
            yield str(part)


def _row(parts: Sequence[str], number: int, names: tuple[str, ...], columns: int) -> Printed:
    times = tuple(part for part in parts if WINDOW.fullmatch(part))
    if len(parts) - len(times) < columns:
        times = ()
    key = tuple(part for part in parts if part not in times)
    return Printed(key, times, number, names)
