"""SARIF's own rules for the parts that flumelint writes; its whole schema is large.

See https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; the numbers are its sections.
"""

from __future__ import annotations

import json
import sys
from pathlib import PureWindowsPath
from typing import Any

import pytest

from flumelint import check
from flumelint.report.as_sarif import as_sarif
from flumelint.rules import all_rules
from flumelint.rules.rule import BASE

jsonschema = pytest.importorskip("jsonschema")

TEXT = {"type": "string", "minLength": 1}
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": TEXT}}  # 3.11, 3.12
PLACE = {"type": "integer", "minimum": 1}
REGION = {  # 3.30: places count from 1
    "type": "object",
    "required": ["startLine"],
    "additionalProperties": False,
    "properties": {
        "startLine": PLACE,
        "startColumn": PLACE,
        "endLine": PLACE,
        "endColumn": PLACE,
    },
}
# 3.4.3, 3.10.1: a reference as RFC 3986 has it, without spaces and backslashes
FILE = {
    "type": "object",
    "properties": {"uri": {"type": "string", "pattern": r"^[^\s\\<>\"{}|^`]+$"}},
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}  # 3.27.10
RULE = {  # 3.49
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": TEXT,
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
REPLACEMENT = {  # 3.57
    "type": "object",
    "required": ["deletedRegion"],
    "properties": {"deletedRegion": REGION, "insertedContent": {"type": "object"}},
    "additionalProperties": False,
}
CHANGE = {  # 3.56
    "type": "object",
    "required": ["artifactLocation", "replacements"],
    "properties": {
        "artifactLocation": FILE,
        "replacements": {"type": "array", "minItems": 1, "items": REPLACEMENT},
    },
    "additionalProperties": False,
}
FIX = {  # 3.55
    "type": "object",
    "required": ["artifactChanges"],
    "properties": {
        "description": MESSAGE,
        "artifactChanges": {"type": "array", "minItems": 1, "items": CHANGE},
    },
    "additionalProperties": False,
}
LOCATION = {  # 3.28, 3.29
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {"artifactLocation": FILE, "region": REGION},
            "additionalProperties": False,
        }
    },
}
RESULT = {  # 3.27
    "type": "object",
    "required": ["message", "ruleId", "locations"],
    "properties": {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": {"type": "array", "minItems": 1, "items": LOCATION},
        "fixes": {"type": "array", "minItems": 1, "items": FIX},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
LOG = {  # 3.13, 3.14
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": TEXT,
                                    "version": TEXT,
                                    "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                                },
                                "additionalProperties": False,
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "artifacts": {
                        "type": "array",
                        "uniqueItems": True,
                        "items": {"type": "object", "properties": {"location": FILE}},
                    },
                    "results": {"type": "array", "items": RESULT},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def log_of(text: str, name: str = "a.conf") -> Any:
    return json.loads(as_sarif(check(text, path=name), [name]))


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.name)
def test_what_each_rule_finds_is_sarif(rule: Any) -> None:
    jsonschema.validate(log_of(rule.wrong), LOG)


@pytest.mark.parametrize("name", ["a.conf", "in/b c.conf", "-", "é.conf", "100%.conf"])
def test_a_name_of_a_file_becomes_a_reference(name: str) -> None:
    jsonschema.validate(log_of(BASE, name), LOG)


@pytest.mark.parametrize("name", ["ruleId", "message", "locations"])
def test_the_schema_finds_what_is_missing(name: str) -> None:
    log = log_of(BASE.replace("k1.channel", "k1.channels"))
    del log["runs"][0]["results"][0][name]

    with pytest.raises(jsonschema.ValidationError, match=name):
        jsonschema.validate(log, LOG)


def test_each_result_points_at_its_rule_and_has_a_fix_if_it_says_so() -> None:
    run = log_of(BASE.replace("k1.channel", "k1.channels"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]

    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert ("fixes" in result) == result["properties"]["fixable"]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        (r"confs\a b.conf", "confs/a%20b.conf"),
        (r"C:\confs\a b.conf", "file:///C:/confs/a%20b.conf"),
        ("-", "stdin"),
    ],
)
def test_a_file_of_windows_is_named_as_a_uri(
    monkeypatch: pytest.MonkeyPatch, name: str, uri: str
) -> None:
    monkeypatch.setattr(sys.modules[as_sarif.__module__], "PurePath", PureWindowsPath)
    [run] = json.loads(as_sarif([], [name]))["runs"]
    assert run["artifacts"] == [{"location": {"uri": uri}}]
