"""Rules about keys that are set more than once."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import Conf
from flumelint.properties import Assignment, Span
from flumelint.rules.ignored import is_prose
from flumelint.rules.rule import BASE, rule


def _pairs(conf: Conf) -> Iterator[tuple[Assignment, Assignment]]:
    """Yield each repeated assignment with the one before it; no line of prose is one."""
    last: dict[str, Assignment] = {}
    prose = {id(each.assignment) for each in conf.ignored if is_prose(conf, each)}
    for assignment in conf.document.assignments:
        if id(assignment) in prose:
            continue
        key = assignment.key.text.strip()
        if key in last:
            yield last[key], assignment
        last[key] = assignment


@rule(
    "contradicting-keys",
    Severity.IGNORED,
    summary="a key is set twice, to different values",
    flume="Java's Properties keeps the last value and says nothing.",
    harm="The first value looks as if it counted. Two components with one name become one "
    "component with mixed settings.",
    wrong=BASE + "a1.channels.c1.capacity = 5000\n",
    right=BASE,
)
def contradicting_keys(conf: Conf) -> Iterator[Report]:
    for first, second in _pairs(conf):
        if first.value.text.strip() != second.value.text.strip():
            line, _ = conf.document.position(second.span.start)
            yield Report(
                first.key.span,
                f"{first.key.text.strip()} is set again in line {line}, and only that value counts",
                "delete one of the two lines",
                related=(second.span, conf.document.raw(second.span).splitlines()[0]),
            )


@rule(
    "repeated-key",
    Severity.STYLE,
    summary="a key is set twice, to the same value",
    flume="Java's Properties keeps the last one and says nothing.",
    harm="Whoever changes only the first of the two lines changes nothing.",
    wrong=BASE + "a1.channels.c1.capacity = 1000\n",
    right=BASE,
)
def repeated_key(conf: Conf) -> Iterator[Report]:
    for first, second in _pairs(conf):
        if first.value.text.strip() == second.value.text.strip():
            line, _ = conf.document.position(first.span.start)
            yield Report(
                second.key.span,
                f"{second.key.text.strip()} is already set to this value in line {line}",
                "delete this line",
                fix=(Edit(_whole_lines(conf, second), ""),),
            )


def _whole_lines(conf: Conf, assignment: Assignment) -> Span:
    first, _ = conf.document.position(assignment.span.start)
    last, _ = conf.document.position(assignment.span.end)
    return Span(conf.document.line_span(first).start, conf.document.line_span(last).end)
