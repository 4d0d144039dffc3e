"""The programs' notes about their micro-batches: a JSON line each, in the file `VARIABLE` names.

    {"t": 81234.5, "day": 1795893295.1, "kind": "batch", "name": "7", "keys": {"9f86…": 1, …}}
    {"t": 81234.6, "day": 1795893295.2, "kind": "stored", "name": "7", "keys": {}}

`t` is the machine's monotonic clock, `day` the time of day. A program outside an experiment notes
nothing.
"""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

VARIABLE = "EXPERIMENT_NOTES"

Note = dict[str, Any]


def note(kind: str, name: object, rows: Iterable[tuple[str, int]] = ()) -> None:
    """Note that a micro-batch has these rows, or that they are stored."""
    if not (file := os.environ.get(VARIABLE)):
        return
    entry = {
        "t": time.monotonic(), "day": time.time(), "kind": kind, "name": str(name),
        "keys": dict(rows),
    }  # fmt: skip
    with Path(file).open("a") as notes:
        notes.write(json.dumps(entry) + "\n")


class Notes:
    """Reads a file of notes while it grows."""

    def __init__(self, file: Path) -> None:
        self._file, self._at = file, 0
        self.all: list[Note] = []

    def read(self) -> list[Note]:
        """Return the notes that are new, and keep them in `all`."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        whole = data.rpartition(b"\n")[0]
        self._at += len(whole) + 1 if whole else 0
        new = [note for note in map(_decoded, whole.splitlines()) if note]
        self.all += new
        return new


def _decoded(line: bytes) -> Note:
    try:
        entry: Note = json.loads(line)
        return entry
    except ValueError:  # the writer was killed in the middle
        return {}
