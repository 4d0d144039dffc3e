"""Prints findings: for people (text, statistics), and machines (json, sarif, github, junit)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flumelint.findings import Finding
from flumelint.report.as_github import as_github
from flumelint.report.as_json import as_json
from flumelint.report.as_junit import as_junit
from flumelint.report.as_sarif import as_sarif
from flumelint.report.as_statistics import as_statistics
from flumelint.report.as_text import as_text

FORMATS: dict[str, Callable[[Sequence[Finding], Sequence[str]], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
    "junit": as_junit,
    "statistics": as_statistics,
}
