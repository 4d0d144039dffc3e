"""The known signs in the log of a program or a receiver that a test runs."""

from __future__ import annotations

from flumelab.signs import Part, Sign, Snapshot, find
from flumelab.signs.log_text import log_lines
from flumelab.signs.snapshot import Kind
from tests.support.receiver import ReceiverProgram
from tests.support.spark import Program


def signs_in(program: Program) -> list[Sign]:
    """Return the signs in its log."""
    log = program.stderr
    kind = Kind.RECEIVER if isinstance(program, ReceiverProgram) else Kind.PROGRAM
    written = log.stat().st_mtime
    lines = log_lines(log.read_text("utf-8", "replace"), written)
    return find(Snapshot(written, [Part("program", kind, "running")], {"program": lines}))


def signs_of(program: Program) -> dict[str, Sign]:
    """Return the signs in its log by name; of several with one name, the last."""
    return {sign.name: sign for sign in signs_in(program)}
