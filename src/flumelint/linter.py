"""Runs the rules over files and returns what they find."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flumelint.findings import Finding, Severity, finding
from flumelint.model import Conf, read
from flumelint.properties import Document, decode, parse
from flumelint.rules import all_rules

_NAMES = r"[\w*-]+(?:[ \t]*,[ \t]*[\w*-]+)*"
_PRAGMA = re.compile(rf"flumelint:\s*(?P<scope>ignore-file|ignore)\s*=\s*(?P<rules>{_NAMES})")


@dataclass(frozen=True)
class Options:
    """What to check.

    :param environ: the variables that ``${env:NAME}`` finds
    :param ignore: names of rules that are off
    :param only: if given, only these rules run
    :param severities: other severities for some rules
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    ignore: Collection[str] = ()
    only: Collection[str] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)


def check(source: str | bytes | Path, path: str | None = None, **options: object) -> list[Finding]:
    """Check one conf: its text, its bytes, or a file.

    :param path: the name that findings carry; a `Path` has its own
    :param options: see `Options`

    Raises OSError for a file that cannot be read.
    """
    if isinstance(source, Path):
        path, source = path or str(source), source.read_bytes()
    text, encoding = (source, "utf-8") if isinstance(source, str) else decode(source)
    document = parse(text, path or "-", encoding)
    return check_documents([document], Options(**options))  # type: ignore[arg-type]


def check_documents(documents: Sequence[Document], options: Options) -> list[Finding]:
    """Check files together: two agents may be in two of them."""
    confs = [read(document, options.environ) for document in documents]
    found = {id(conf): list(_findings_of(conf, options)) for conf in confs}
    for name, rule in all_rules().items():
        if rule.check_files and _is_on(name, options):
            severity = options.severities.get(name, rule.severity)
            for conf, report in rule.check_files(confs):
                found[id(conf)].append(finding(conf.document, report, name, severity))
    result: list[Finding] = []
    for conf in confs:
        ignored = _Pragmas(conf.document)
        kept = [each for each in found[id(conf)] if not ignored.cover(each)]
        result += sorted(set_of(kept), key=lambda f: (f.line, f.column, f.severity.rank, f.rule))
    return result


def set_of(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings without those that are equal in place, rule and message."""
    unique = {(f.line, f.column, f.rule, f.message): f for f in findings}
    return list(unique.values())


def _findings_of(conf: Conf, options: Options) -> Iterator[Finding]:
    for name, rule in all_rules().items():
        if rule.check and _is_on(name, options):
            severity = options.severities.get(name, rule.severity)
            for report in rule.check(conf):
                yield finding(conf.document, report, name, severity)


def _is_on(name: str, options: Options) -> bool:
    return name not in options.ignore and (not options.only or name in options.only)


class _Pragmas:
    """``# flumelint: ignore=RULE,RULE`` covers the next assignment; ``ignore-file=`` the file."""

    def __init__(self, document: Document) -> None:
        self._file: set[str] = set()
        self._lines: dict[int, set[str]] = {}
        for comment in document.comments:
            pragma = _PRAGMA.search(document.raw(comment))
            if not pragma:
                continue
            rules = {name.strip() for name in pragma["rules"].split(",")}
            if pragma["scope"] == "ignore-file":
                self._file |= rules
                continue
            for line in _next_assignment(document, comment.end):
                self._lines.setdefault(line, set()).update(rules)

    def cover(self, found: Finding) -> bool:
        rules = self._file | self._lines.get(found.line, set())
        return found.rule in rules or "*" in rules


def _next_assignment(document: Document, offset: int) -> range:
    for assignment in document.assignments:
        if assignment.span.start >= offset:
            first, _ = document.position(assignment.span.start)
            last, _ = document.position(assignment.span.end)
            return range(first, last + 1)
    return range(0)
