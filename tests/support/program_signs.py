"""The known signs in the log of a program or a receiver that a test runs."""

from __future__ import annotations

from flumelab.signs import LogLine, Part, Sign, Snapshot, find
from flumelab.signs.log_text import log_lines
from flumelab.signs.snapshot import Kind
from tests.support.receiver import ReceiverProgram
from tests.support.spark import Program


def lines_of(program: Program) -> list[LogLine]:
    """Return the lines of its log, with their times."""
    log = program.stderr
    return log_lines(log.read_text("utf-8", "replace"), log.stat().st_mtime)


def signs_in(program: Program) -> list[Sign]:
    """Return the signs in its log."""
    kind = Kind.RECEIVER if isinstance(program, ReceiverProgram) else Kind.PROGRAM
    parts = [Part("program", kind, "running")]
    return find(Snapshot(program.stderr.stat().st_mtime, parts, {"program": lines_of(program)}))


def signs_of(program: Program) -> dict[str, Sign]:
    """Return the signs in its log by name; of several with one name, the last."""
    return {sign.name: sign for sign in signs_in(program)}
