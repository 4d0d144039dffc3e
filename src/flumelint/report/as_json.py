"""A JSON list of findings."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flumelint.findings import Finding


def as_json(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a list of objects: file, line, column, severity, rule, message, fixable."""
    return json.dumps([found.as_json() for found in findings], indent=2, ensure_ascii=False)
