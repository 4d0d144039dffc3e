"""Rules about backslashes: Java reads `\\d` as `d`, and `C:\\new` as `C:`, a line end and `ew`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import Conf, Setting
from flumelint.places import path_settings
from flumelint.properties import Document, Span
from flumelint.rules.rule import BASE, changed, rule

_ESCAPE = re.compile(r"\\(\\|\r\n|[\s\S])")
_WINDOWS = re.compile(r"(?:file:/*)?[A-Za-z]:\\")
_REGEX_KEY = re.compile(
    r"(?:^(?:ignorePattern|includePattern)|(?:^|\.)(?:regex|searchPattern)|^filegroups\.[^.]+)$"
)
# Escapes that mean the same in an expression once Java has read them: a tab is a tab.
_SAME_IN_REGEX = set("tnrfu")
_NEEDED_IN_REGEX = set("$^.|?*+()[]{}\\")

SPOOL = changed(
    BASE,
    ("type = netcat", "type = spooldir"),
    ("a1.sources.r1.bind = 127.0.0.1\n", "a1.sources.r1.spoolDir = /var/spool/flume\n"),
    ("a1.sources.r1.port = 44444\n", "a1.sources.r1.deserializer.maxLineLength = 65536\n"),
)


@rule(
    "single-backslash",
    Severity.RISKY,
    summary="a backslash of a regular expression or a Windows path is lost",
    flume="Confs are Java properties: a backslash escapes the next character and is then gone. "
    r"`\d+` becomes `d+`, `\.` becomes `.`, and in `C:\new` the `\n` becomes a line end. "
    "Flume logs nothing about it.",
    harm="The expression matches something else: a filter may drop every event, and a file may "
    "never be read. A Windows path names a folder that does not exist.",
    wrong=changed(
        BASE,
        (
            "a1.sources.r1.channels = c1\n",
            "a1.sources.r1.channels = c1\n"
            "a1.sources.r1.interceptors = i1\n"
            "a1.sources.r1.interceptors.i1.type = regex_filter\n"
            "a1.sources.r1.interceptors.i1.regex = ^\\d+ error\n",
        ),
    ),
    right=changed(
        BASE,
        (
            "a1.sources.r1.channels = c1\n",
            "a1.sources.r1.channels = c1\n"
            "a1.sources.r1.interceptors = i1\n"
            "a1.sources.r1.interceptors.i1.type = regex_filter\n"
            "a1.sources.r1.interceptors.i1.regex = ^\\\\d+ error\n",
        ),
    ),
)
def single_backslash(conf: Conf) -> Iterator[Report]:
    paths = {id(each) for part in conf.components() for each in path_settings(part)}
    for setting in conf.settings:
        raw = conf.document.raw(setting.assignment.value.span)
        if "\\" not in raw:
            continue
        if _WINDOWS.match(raw.lstrip()):
            if id(setting) in paths or setting.rest.startswith("filegroups."):
                yield from _report(conf.document, setting, raw, _all, Severity.IDLE)
        elif _REGEX_KEY.search(setting.rest):
            yield from _report(
                conf.document, setting, raw, _in_regex, _severity(conf, setting, raw)
            )


def _all(_: str) -> bool:
    return True


def _in_regex(character: str) -> bool:
    if character in _NEEDED_IN_REGEX:
        return True
    return character.isascii() and character.isalnum() and character not in _SAME_IN_REGEX


def _severity(conf: Conf, setting: Setting, raw: str) -> Severity | None:
    """A lost `\\d` changes what matches; a lost `\\.` only makes it match more."""
    letters = any(found[1].isalnum() and _in_regex(found[1]) for found in _ESCAPE.finditer(raw))
    if not letters:
        return None
    if setting.rest.startswith(("filegroups.", "includePattern")):
        return Severity.IDLE
    interceptor = re.fullmatch(r"(interceptors\.[^.]+)\.regex", setting.rest)
    if interceptor and _drops(conf, setting, interceptor[1]):
        return Severity.LOSES_DATA
    return None


def _drops(conf: Conf, setting: Setting, interceptor: str) -> bool:
    """Whether a regex_filter drops what does not match."""
    start = setting.key.removesuffix(setting.rest) + interceptor
    values = {each.key: each.value.lower() for each in conf.settings}
    return (
        values.get(f"{start}.type") in ("regex_filter", _FILTER)
        and values.get(f"{start}.excludeEvents") != "true"
    )


_FILTER = "org.apache.flume.interceptor.regexfilteringinterceptor$builder"


def _report(
    document: Document, setting: Setting, raw: str, lost: object, severity: Severity | None
) -> Iterator[Report]:
    start = setting.assignment.value.span.start
    found = [
        each
        for each in _ESCAPE.finditer(raw)
        if each[1] not in ("\\", "\n", "\r", "\r\n") and lost(each[1])  # type: ignore[operator]
    ]
    if not found:
        return
    spans = [Span(start + each.start(), start + each.start() + 1) for each in found]
    yield Report(
        Span(spans[0].start, spans[0].end + 1),
        f"Java drops the backslash of `{found[0][0]}`, and Flume reads `{setting.value}`",
        f"write `\\{found[0][0]}`",
        fix=tuple(Edit(span, "\\\\") for span in spans),
        severity=severity,
    )
