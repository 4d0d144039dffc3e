"""JUnit's XML, which CI servers show as test results: a suite a file, a case a finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from flumelint.findings import Finding, Severity
from flumelint.report.as_text import head

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a failed case for each finding, and a passed one for a file without any."""
    suites = [_suite(name, [f for f in findings if f.file == name]) for name in files]
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"]
    )


def _suite(name: str, findings: Sequence[Finding]) -> str:
    cases = [_case(found) for found in findings if found.severity is not Severity.NOTE]
    tests, failures = max(len(cases), 1), len(cases)
    cases = cases or [f'    <testcase name="no findings" classname={_attribute(name)}/>']
    top = f'  <testsuite name={_attribute(name)} tests="{tests}" failures="{failures}" errors="0">'
    return "\n".join([top, *cases, "  </testsuite>"])


def _case(found: Finding) -> str:
    name = f"{found.rule} at line {found.line}"
    return "\n".join(
        [
            f"    <testcase name={_attribute(name)} classname={_attribute(found.file)}>",
            f"      <failure type={_attribute(found.severity.value)} "
            f"message={_attribute(found.text)}>{_text(head(found))}</failure>",
            "    </testcase>",
        ]
    )


def _attribute(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("?", text))


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("?", text))
