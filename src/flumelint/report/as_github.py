"""GitHub's workflow commands: each finding becomes an annotation in the pull request."""

from __future__ import annotations

from collections.abc import Sequence

from flumelint.findings import Finding
from flumelint.report.as_sarif import LEVELS

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def as_github(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a line ``::error file=…,line=…::message`` for each finding."""
    return "\n".join(_line(found) for found in findings)


def _line(found: Finding) -> str:
    places = {
        "file": found.file,
        "line": found.line,
        "endLine": found.end_line,
        "col": found.column,
        "endColumn": found.end_column,
        "title": f"{found.severity.value} [{found.rule}]",
    }
    told = ",".join(f"{key}={_property(str(value))}" for key, value in places.items())
    return f"::{COMMANDS[LEVELS[found.severity]]} {told}::{_data(found.text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
