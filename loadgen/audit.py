"""`python -m loadgen.audit`: how many lines were generated, and how many are in the spool.

The first number comes from the ledger, the second from the files. Any check of the counts at the
other end begins with these two.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadgen import ledger as ledgers
from loadgen import options
from loadgen.errors import exit_code, os_errors_at
from loadgen.ledger import NAME
from loadgen.outlets.locks import folder_locked
from loadgen.outlets.spool import COMPLETED, IGNORED
from loadgen.report import print_to

BUFFER_BYTES = 1 << 20  # stays in a core's cache
READABLE = "make it readable for the user who runs the audit"


@dataclass(frozen=True)
class Audit:
    """Counts of lines.

    `generated` is the sum of the ledger's entries. `spooled` counts the lines in all visible files
    of the spool directory, even of files that loadgen did not write; a last line without a newline
    counts, as it does in Flume. `pending` is the part of `spooled` in files that Flume has not yet
    renamed to *.COMPLETED.

    Two kinds of files are not in `spooled`, because the lab's confs do not read them: those whose
    names are `ignored`, and those in `subfolders`, which are listed with their lines.
    """

    generated: ledgers.Total
    spooled: int
    pending: int
    ignored: Sequence[str] = ()
    subfolders: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the object that `python -m loadgen.audit` prints."""
        total = self.generated
        return {
            "generated": {"lines": total.lines, "urls": total.urls, "malformed": total.malformed},
            "spooled": self.spooled,
            "pending": self.pending,
            "ignored": self.ignored,
            "subfolders": self.subfolders,
        }


def audit(spool: Path, ledger: Path) -> Audit:
    """Count the lines, while other loadgens and Flume may keep running.

    What a loadgen publishes or appends meanwhile is in both counts or in neither; a file that Flume
    renames meanwhile is counted once. Raises LoadgenError.
    """
    with folder_locked(spool, "--spool", shared=True):  # loadgens publish under the same lock
        names = _visible_names(spool)
        entries = ledgers.read(ledger)
        ignored = [name for name in names if IGNORED.fullmatch(name)]
        counted = [name for name in names if name not in ignored]
        complete = [name for name in counted if NAME.fullmatch(name.removesuffix(COMPLETED))]
        # Any other file may be a log that loadgen appends to and rotates, but not meanwhile.
        completed, pending = _count_lines(spool, [n for n in counted if n not in complete])
    more_completed, more_pending = _count_lines(spool, complete)
    completed, pending = completed + more_completed, pending + more_pending
    return Audit(
        ledgers.total(entries), completed + pending, pending, ignored, _lines_in_subfolders(spool)
    )


def _visible_names(spool: Path) -> list[str]:
    """Return the names of the files that Flume reads or has read; a file may have both its names.

    A listing may miss a file that is renamed meanwhile. Flume renames a file only once, so the
    second of two listings then has it.
    """
    names: set[str] = set()
    with os_errors_at(spool, READABLE):
        for _ in range(2):
            with os.scandir(spool) as listing:
                names.update(
                    entry.name
                    for entry in listing
                    if not entry.name.startswith(".") and not entry.is_dir()
                )
    return sorted(names)  # NAME comes before NAME.COMPLETED


def _count_lines(spool: Path, names: list[str]) -> tuple[int, int]:
    """Return the number of lines in completed files, and of those in pending files."""
    lines: dict[str, int] = {}  # by the name under which a file was found
    for listed in names:
        for name in (listed, listed + COMPLETED):  # Flume may have renamed it since
            if name in lines:
                break
            with os_errors_at(spool / name, READABLE):
                try:
                    lines[name] = _lines_of(spool / name)
                    break
                except FileNotFoundError:
                    continue
    pending = sum(count for name, count in lines.items() if not name.endswith(COMPLETED))
    return sum(lines.values()) - pending, pending


def _lines_in_subfolders(spool: Path) -> dict[str, int]:
    """Return the lines in each visible folder that has some, at any depth."""
    lines = {}
    with os_errors_at(spool, READABLE):
        for folder in sorted(path for path in spool.iterdir() if path.is_dir()):
            if folder.name.startswith("."):  # Flume's own, for example
                continue
            files = [path for path in folder.rglob("[!.]*") if path.is_file()]
            if count := sum(map(_lines_of, files)):
                lines[folder.name] = count
    return lines


def _lines_of(path: Path) -> int:
    buffer = bytearray(BUFFER_BYTES)
    lines, torn = 0, False
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            lines += buffer.count(b"\n", 0, size)
            torn = buffer[size - 1] != ord("\n")
    return lines + torn


def main(arguments: list[str] | None = None) -> int:
    """Run with these arguments (default: the process's own) and return the exit code."""

    def run() -> None:
        given = options.parse_audit(arguments)
        print_to(json.dumps(audit(given.spool, given.ledger).as_json()), sys.stdout)

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
