"""Reads the files that a program has stored, so that `--count` compares them as printed rows.

Spark marks a folder that it has written whole by a file `_SUCCESS`, and one that a structured query
writes by `_spark_metadata`. This reads text, CSV, JSON and Parquet in the lab's own folders: those
for relative paths, and for paths that do not exist on this machine.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from flumelab.errors import LabError
from flumelab.own.inputs import LogFile

MARKS = ("_SUCCESS", "_spark_metadata")


def as_printed(roots: Iterable[Path]) -> str:
    """Return the rows of all stored folders as tables, the oldest folder first.

    :param roots: folders below which the program may have stored something
    """
    folders = {mark.parent for root in roots for name in MARKS for mark in root.rglob(name)}
    found: list[str] = []
    for folder in sorted(folders, key=lambda each: (each.stat().st_mtime_ns, each)):
        found.append("Time: ")
        for file in sorted(folder.rglob("part-*")):
            try:
                found += _rows(file)
            except (OSError, ValueError, LabError):  # pyarrow's errors, too: it is damaged
                continue
    return "\n".join(found)


def _rows(file: Path) -> Iterator[str]:
    if ".parquet" in file.suffixes:
        yield from _rows_of_parquet(file)
        return
    lines = [line.decode("utf-8", "replace") for line in LogFile(file).lines()]
    if ".json" in file.suffixes:
        for line in lines:
            fields = json.loads(line)
            yield _row(list(fields))
            yield _row(list(fields.values()))
    elif ".csv" in file.suffixes:
        yield from map(_row, csv.reader(lines))
    else:
        yield from lines


def _rows_of_parquet(file: Path) -> Iterator[str]:
    from pyarrow import parquet

    table = parquet.read_table(file)
    yield _row(table.column_names)
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield _row(row)


def _row(cells: Sequence[object]) -> str:
    return f"|{'|'.join(str(cell) for cell in cells)}|"
