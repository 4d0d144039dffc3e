"""Runs the rules over files and returns what they find."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from flumelint import resolve
from flumelint.findings import Edit, Finding, Replacement, Report, Severity
from flumelint.model import Conf
from flumelint.properties import Document, decode, parse
from flumelint.reader import read
from flumelint.rules import all_rules
from flumelint.rules.rule import Rule

_NAMES = r"[\w*-]+(?:[ \t]*,[ \t]*[\w*-]+)*"
_PRAGMA = re.compile(rf"flumelint:\s*(?P<scope>ignore-file|ignore)\s*=\s*(?P<rules>{_NAMES})")


@dataclass(frozen=True)
class Options:
    """What to check.

    :param environ: the variables that ``${env:NAME}`` finds
    :param agent: the agent that is started; None if it is not known
    :param ignore: names of rules that are off
    :param only: if given, only these rules run
    :param severities: other severities for some rules
    :param per_file_ignore: rules that are off in files that match a pattern
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    agent: str | None = None
    ignore: Collection[str] = ()
    only: Collection[str] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    per_file_ignore: Mapping[str, Collection[str]] = field(default_factory=dict)


def check(
    source: str | bytes | Path, *, path: str | None = None, options: Options | None = None
) -> list[Finding]:
    """Check one conf: its text, its bytes, or a file.

    :param path: the name that findings carry; a `Path` has its own

    Raises OSError for a file that cannot be read.
    """
    return check_documents([_document(source, path)], options or Options())


def starts_nothing(
    source: str | bytes | Path, *, path: str | None = None, options: Options | None = None
) -> bool:
    """Whether an agent with this conf surely has nothing to do; see `check` for the parameters."""
    options = options or Options()
    return resolve.starts_nothing(conf_of(_document(source, path), options))


def _document(source: str | bytes | Path, path: str | None) -> Document:
    if isinstance(source, Path):
        path, source = path or str(source), source.read_bytes()
    text, encoding = (source, "utf-8") if isinstance(source, str) else decode(source)
    return parse(text, path or "-", encoding)


def conf_of(document: Document, options: Options) -> Conf:
    """Read a document's agents."""
    conf = read(document, options.environ, marked=False)
    conf.expected_agent = options.agent
    return conf


def check_documents(documents: Sequence[Document], options: Options) -> list[Finding]:
    """Check files together: two agents may be in two of them."""
    confs = [conf_of(document, options) for document in documents]
    found = [list(_findings_of(conf, options)) for conf in confs]
    for name, rule in _rules(options):
        if rule.check_files:
            for conf, report in rule.check_files(confs):
                place = next(i for i, each in enumerate(confs) if each is conf)
                found[place].append(
                    _finding(conf.document, report, rule, options.severities.get(name))
                )
    result: list[Finding] = []
    for conf, findings in zip(confs, found, strict=True):
        ignored = _Pragmas(conf.document, options)
        kept = [each for each in _unique(findings) if not ignored.cover(each)]
        result += sorted(kept, key=lambda f: (f.line, f.column, f.severity.rank, f.rule))
    return result


def _unique(findings: Sequence[Finding]) -> list[Finding]:
    unique = {(f.line, f.column, f.rule, f.message): f for f in findings}
    return list(unique.values())


def _findings_of(conf: Conf, options: Options) -> Iterator[Finding]:
    for name, rule in _rules(options):
        if rule.check and not (rule.whole and conf.fragment):
            for report in rule.check(conf):
                yield _finding(conf.document, report, rule, options.severities.get(name))


def _rules(options: Options) -> Iterator[tuple[str, Rule]]:
    """Yield the rules that are on."""
    for name, rule in all_rules().items():
        if name not in options.ignore and (not options.only or name in options.only):
            yield name, rule


def _finding(document: Document, report: Report, rule: Rule, severity: Severity | None) -> Finding:
    """Give a report its file, its place and its severity: the given one, its own, or the rule's."""
    line, column = document.position(report.span.start)
    end_line, end_column = document.position(max(report.span.end, report.span.start))
    related = report.related
    return Finding(
        file=document.path,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        severity=severity or report.severity or rule.severity,
        rule=rule.name,
        message=_one_line(report.message),
        remedy=_one_line(report.remedy),
        names=report.names,
        fix=report.fix,
        replacements=tuple(_replacement(document, edit) for edit in report.fix),
        source_line=document.line(line) if document.text else "",
        related=(document.position(related[0].start)[0], related[1]) if related else None,
    )


def _replacement(document: Document, edit: Edit) -> Replacement:
    start, end = document.position(edit.span.start), document.position(edit.span.end)
    return Replacement(*start, *end, edit.text)


_UNSEEN = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\ufeff": ""})


def _one_line(text: str) -> str:
    """Show line ends and tabs of a value as escapes; leave out a byte order mark."""
    return text.translate(_UNSEEN)


def unknown_rules_ignored(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the lines of comments that switch off a rule that does not exist, and its name."""
    for comment in document.comments:
        if pragma := _PRAGMA.search(document.raw(comment)):
            for name in pragma["rules"].split(","):
                if name.strip() not in {"*", *all_rules()}:
                    yield document.position(comment.start)[0], name.strip()


class _Pragmas:
    """``# flumelint: ignore=RULE,RULE`` covers the next assignment; ``ignore-file=`` the file."""

    def __init__(self, document: Document, options: Options) -> None:
        self._file: set[str] = set()
        self._lines: dict[int, set[str]] = {}
        for pattern, rules in options.per_file_ignore.items():
            if PurePath(document.path).match(pattern):
                self._file |= set(rules)
        starts = [assignment.span.start for assignment in document.assignments]
        for comment in document.comments:
            pragma = _PRAGMA.search(document.raw(comment))
            if not pragma:
                continue
            names = {name.strip() for name in pragma["rules"].split(",")}
            if pragma["scope"] == "ignore-file":
                self._file |= names
                continue
            at = bisect_left(starts, comment.end)
            for line in _lines(document, at) if at < len(starts) else ():
                self._lines.setdefault(line, set()).update(names)

    def cover(self, found: Finding) -> bool:
        rules = self._file | self._lines.get(found.line, set())
        return found.rule in rules or "*" in rules


def _lines(document: Document, index: int) -> range:
    """Return the lines of an assignment."""
    span = document.assignments[index].span
    return range(document.position(span.start)[0], document.position(span.end)[0] + 1)
