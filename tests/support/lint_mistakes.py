"""What the tests of flumelint's mistakes share: a mistake, and that its finding names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flumelint import Options, Severity, check_documents
from flumelint.properties import Document, parse
from flumelint.rules.rule import BASE, changed

FILE_LINE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Mistake:
    """A mistake.

    :param what: what is wrong, in words
    :param conf: the smallest conf with it
    :param rule: the rule that finds it
    :param token: what the finding underlines
    :param severity: how bad it is there
    :param agent: the agent that is started, if that is what is wrong
    """

    what: str
    conf: str
    rule: str
    token: str
    severity: Severity
    agent: str | None = None

    def __str__(self) -> str:
        return self.what


def conf(old: str, new: str, base: str = BASE) -> str:
    """A conf with one part replaced."""
    return changed(base, (old, new))


def documents(example: str) -> list[Document]:
    """An example's files: one, or each that begins with ``# file: NAME``."""
    first, *rest = FILE_LINE.split(example)
    if not rest:
        return [parse(first, "example.conf")]
    return [parse(text, name) for name, text in zip(rest[::2], rest[1::2], strict=True)]


def assert_named(mistake: Mistake) -> None:
    """Its rule underlines its token, with its severity."""
    found = check_documents(documents(mistake.conf), Options(agent=mistake.agent))
    named = [
        (each.source_line[each.column - 1 : each.end_column - 1], each.severity)
        for each in found
        if each.rule == mistake.rule
    ]

    assert (mistake.token, mistake.severity) in named, [(each.rule, each.text) for each in found]
