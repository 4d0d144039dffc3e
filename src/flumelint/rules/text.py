"""Rules about the text itself: characters that Java reads otherwise than an editor shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import Conf
from flumelint.properties import Span, escape
from flumelint.rules.ignored import is_flume, is_prose
from flumelint.rules.rule import BASE, changed, rule
from flumelint.rules.values import comment_in

_INVISIBLE = re.compile("[\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
BOM = "\ufeff"


@rule(
    "malformed-unicode-escape",
    Severity.IDLE,
    summary="a \\u is not followed by four hexadecimal digits",
    flume="Java refuses the whole file with `Malformed \\uxxxx encoding.`",
    harm="No component of the file runs. A Windows path with \\users in it is enough.",
    wrong=changed(BASE, ("k1.type = logger", "k1.type = logger\na1.sinks.k1.x = C:\\users")),
    right=BASE,
)
def malformed_unicode_escape(conf: Conf) -> Iterator[Report]:
    for malformed in conf.document.malformed:
        yield Report(
            malformed.span,
            f"{conf.document.raw(malformed.span)} is not a character, so Java refuses the file",
            "write four hexadecimal digits, or \\\\u for a backslash and a u",
        )


@rule(
    "byte-order-mark",
    Severity.IGNORED,
    summary="the file begins with a byte order mark",
    flume="Java takes the mark for three letters of the first key. If that is a setting, it "
    "belongs to another agent; if it is a comment, the comment is a setting.",
    harm="The first line of the file has no effect. If it is a list, its components do not run.",
    wrong=BOM + BASE,
    right=BASE,
)
def byte_order_mark(conf: Conf) -> Iterator[Report]:
    if conf.document.text.startswith(BOM):
        first = conf.document.assignments[0] if conf.document.assignments else None
        in_first_line = first is not None and first.span.start == 0
        yield Report(
            Span(0, 1),
            "the file begins with a byte order mark, which becomes part of the first line",
            "save the file as UTF-8 without it",
            fix=(Edit(Span(0, 1), ""),),
            severity=Severity.IDLE if in_first_line else None,
        )


@rule(
    "invisible-character",
    Severity.IDLE,
    summary="a key or value has a character that looks like a space, or like nothing",
    flume="Flume separates words by the ASCII space and tab only. A no-break space, as web pages "
    "and word processors put it, belongs to the name beside it.",
    harm="A name that looks right is not found.",
    wrong=changed(BASE, ("k1.channel = c1", "k1.channel =\u00a0c1")),
    right=BASE,
)
def invisible_character(conf: Conf) -> Iterator[Report]:
    if not is_flume(conf):
        return
    prose = {id(each.assignment) for each in conf.ignored if is_prose(conf, each)}
    for assignment in conf.document.assignments:
        if id(assignment) in prose:
            continue
        for found in _INVISIBLE.finditer(conf.document.raw(assignment.span)):
            start = assignment.span.start + found.start()
            if found[0] == BOM and start == 0:
                continue
            code = f"U+{ord(found[0][0]):04X}"
            yield Report(
                Span(start, start + len(found[0])),
                f"an invisible character, {code}, belongs to the word beside it",
                "replace it by a space, or delete it",
            )


@rule(
    "not-ascii",
    Severity.RISKY,
    summary="a key or value has letters that are not ASCII",
    flume="Java reads the file as ISO-8859-1. In a file in UTF-8, each such letter becomes two or "
    "more others.",
    harm="A folder, header or pattern gets another name than the file shows.",
    wrong=changed(
        BASE, ("k1.type = logger", "k1.type = file_roll\na1.sinks.k1.sink.directory = /data/Zürich")
    ),
    right=changed(
        BASE,
        (
            "k1.type = logger",
            "k1.type = file_roll\na1.sinks.k1.sink.directory = /data/Z\\u00fcrich",
        ),
    ),
)
def not_ascii(conf: Conf) -> Iterator[Report]:
    document = conf.document
    if document.encoding != "utf-8" or document.text.isascii() or not is_flume(conf):
        return
    for setting in conf.settings:
        raw = conf.document.raw(setting.span)
        found = _NOT_ASCII.search(raw)
        comment = comment_in(setting)
        if found and comment and setting.part(comment).start <= setting.span.start + found.start():
            continue  # the comment has to go anyway
        if found and not _INVISIBLE.search(raw):
            start = setting.span.start + found.start()
            read = found[0].encode().decode("iso-8859-1")
            yield Report(
                Span(start, start + len(found[0])),
                f"Java reads `{found[0]}` as `{read}`",
                f"write {escape(found[0])}",
            )
