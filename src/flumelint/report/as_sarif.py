"""SARIF 2.1.0, which GitHub's code scanning and many editors read.

See https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from flumelint.findings import Finding, Severity
from flumelint.rules import all_rules
from flumelint.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Severity.LOSES_DATA: "error",
    Severity.IDLE: "error",
    Severity.IGNORED: "warning",
    Severity.RISKY: "warning",
    Severity.STYLE: "note",
    Severity.NOTE: "note",
}


def as_sarif(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return one run with its rules, results, fixes and artifacts."""
    used = sorted({found.rule for found in findings})
    driver = {
        "name": "flumelint",
        "version": VERSION,
        "rules": [_rule(name) for name in used],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": _uri(name)}} for name in files],
        "results": [_result(found, used.index(found.rule)) for found in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(name: str) -> dict[str, Any]:
    rule = all_rules()[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.flume} {rule.harm}"},
        "help": {"text": f"{rule.flume}\n\n{rule.harm}\n\nRight:\n{rule.right}"},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"severity": rule.severity.value},
    }


def _result(found: Finding, rule_index: int) -> dict[str, Any]:
    region = {
        "startLine": found.line,
        "startColumn": found.column,
        "endLine": found.end_line,
        "endColumn": max(found.end_column, found.column + (found.end_line == found.line)),
    }
    result = {
        "ruleId": found.rule,
        "ruleIndex": rule_index,
        "level": LEVELS[found.severity],
        "message": {"text": found.text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(found.file)},
                    "region": region,
                }
            }
        ],
        "properties": {"severity": found.severity.value, "fixable": bool(found.fix)},
    }
    if found.replacements:
        result["fixes"] = [_fix(found)]
    return result


def _fix(found: Finding) -> dict[str, Any]:
    """What --fix would do; each replacement deletes a region and inserts a text."""
    replacements = [
        {
            "deletedRegion": {
                "startLine": each.line,
                "startColumn": each.column,
                "endLine": each.end_line,
                "endColumn": each.end_column,
            },
            "insertedContent": {"text": each.text},
        }
        for each in found.replacements
    ]
    change = {"artifactLocation": {"uri": _uri(found.file)}, "replacements": replacements}
    return {"description": {"text": found.remedy}, "artifactChanges": [change]}


def _uri(name: str) -> str:
    path = PurePath(name)
    if path.drive and path.is_absolute():  # on Windows, where C: would be taken for a scheme
        return path.as_uri()
    return "stdin" if name == "-" else quote(path.as_posix())
