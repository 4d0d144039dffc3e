"""Rules about values that are not what they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.component_data import Key
from flumelint.findings import Edit, Report, Severity
from flumelint.model import SINKGROUP, Component, Conf, Setting, is_needed
from flumelint.numbers import takes_default
from flumelint.parts import key_of
from flumelint.properties import Span
from flumelint.rules.rule import BASE, changed, rule

_COMMENT = re.compile(r"(?<!\s)\s+(?:#|//(?=\s)|!\s)")
# Values in which a # or quotes may be meant: commands, patterns, and text that is put somewhere.
_FREE_TEXT = re.compile(
    r"(command|shell|regex|pattern|filegroups|format|separator|delimiter|search|replace|statement"
    r"|query|sql|body|morphline|value|expression|formatter|jaas|schema|suffix|prefix|text)",
    re.IGNORECASE,
)
NUMBERS = ("int", "long", "float", "double")
_QUOTED = re.compile(r"""(["'])[^"']+\1""")
_CONNECTS = re.compile(r"(type|channels?|sinks|interceptors|bind|port|hostname|selector\..*)")


@rule(
    "missing-type",
    Severity.IDLE,
    whole=True,
    summary="a component has settings and no type",
    flume="Flume removes the component and logs `Component has no type. Cannot configure. k1`.",
    harm="The component does not run; a channel takes its sources and sinks with it.",
    wrong=changed(BASE, ("a1.sinks.k1.type = logger\n", "")),
    right=BASE,
)
def missing_type(conf: Conf) -> Iterator[Report]:
    for component in conf.components():
        if component.kind == SINKGROUP or not component.listed or not component.settings:
            continue
        if not component.get("type"):
            yield Report(
                component.place,
                f"{component} has no type, so Flume removes it",
                f"write {component.prefix}type = …",
            )


@rule(
    "comment-behind-value",
    Severity.IDLE,
    summary="a comment stands behind a value and becomes part of it",
    flume="In a Java properties file a comment has a line of its own. Behind a value, # and all "
    "that follows belong to the value: `Channel c1 # the buffer not in active set.`",
    harm="A name is not found, a number is no number, `true # …` is false, and a path leads to a "
    "folder of another name.",
    wrong=changed(BASE, ("k1.channel = c1", "k1.channel = c1 # the buffer")),
    right=changed(BASE, ("a1.sinks.k1.channel", "# the buffer\na1.sinks.k1.channel")),
)
def comment_behind_value(conf: Conf) -> Iterator[Report]:
    breaking = _breaking(conf)
    for setting in conf.settings:
        text = setting.assignment.value.text
        found = comment_in(setting)
        if not found:
            continue
        comment = text[found.start() :].strip()
        span = setting.part((found.end() - len(found[0].lstrip()), len(text)))
        yield Report(
            span,
            f"the comment is part of the value of {setting.key}",
            "put the comment on a line of its own",
            fix=_own_line(conf, setting, found.start(), comment),
            severity=None if id(setting) in breaking else Severity.RISKY,
        )


def _breaking(conf: Conf) -> set[int]:
    """Return the ids of the settings whose components fail because of text behind the value."""
    return {
        id(setting)
        for component in conf.components()
        for setting in component.settings.values()
        if _breaks(component, setting)
    }


def _breaks(component: Component, setting: Setting) -> bool:
    """Whether a component fails because of text behind the value of a setting.

    In a list of components, Flume drops the words that it does not know.
    """
    if setting.rest in ("channels", "sinks", "filegroups"):
        return False
    if _CONNECTS.fullmatch(setting.rest) or setting.rest.endswith(".type"):
        return True
    found = key_of(component.agent, setting)
    return bool(found and found.type in NUMBERS and not takes_default(component, found))


def comment_in(setting: Setting) -> re.Match[str] | None:
    """Find where a comment begins in a value."""
    text = setting.assignment.value.text
    found = _COMMENT.search(text)
    free = not found or _FREE_TEXT.search(setting.rest) or _is_quoted(text, found.start())
    return None if free else found


def _is_quoted(text: str, before: int) -> bool:
    return any(text[:before].count(quote) % 2 for quote in "\"'")


def _own_line(conf: Conf, setting: Setting, start: int, comment: str) -> tuple[Edit, ...]:
    """Return the edits that put the comment above; none if the value has several lines."""
    assignment = setting.assignment
    raw = conf.document.raw(assignment.span)
    if "\n" in raw or "\r" in raw:
        return ()
    text = comment if comment.startswith("#") else f"# {comment.lstrip('/!').strip()}"
    line, column = conf.document.position(assignment.span.start)
    indent = conf.document.line(line)[: column - 1]
    cut = Span(setting.part((start, start)).start, assignment.span.end)
    above = Span(assignment.span.start, assignment.span.start)
    return (Edit(above, f"{text}{conf.document.line_end}{indent}"), Edit(cut, ""))


@rule(
    "two-assignments-in-a-line",
    Severity.IDLE,
    summary="a value goes on with the next assignment",
    flume="Flume takes all of it for the value: it knows line ends only. A backslash at the end of "
    "a line joins the next line to it.",
    harm="The first value is wrong, and the second assignment does not exist.",
    wrong=changed(BASE, ("type = memory\n", "type = memory ")),
    right=BASE,
)
def two_assignments_in_a_line(conf: Conf) -> Iterator[Report]:
    agents = "|".join(re.escape(name) for name in conf.agents)
    if not agents:
        return
    inner = re.compile(
        rf"(?:^|\s|(?<=\w))(?P<key>(?:{agents})\.(?:sources|channels|sinks|sinkgroups)"
        r"(?:\.[\w.-]+)?)\s*="
    )
    breaking = _breaking(conf)
    for setting in conf.settings:
        found = inner.search(setting.assignment.value.text)
        if not found:
            continue
        span = setting.part(found.span("key"))
        idle = id(setting) in breaking or is_needed(found["key"])
        first, _ = conf.document.position(setting.assignment.span.start)
        line, _ = conf.document.position(span.start)
        if line != first:
            remedy = f"delete the backslash at the end of line {line - 1}, or double it"
        else:
            remedy = "begin a new line here"
        yield Report(
            span,
            f"the assignment to {found['key']} is part of the value of {setting.key}",
            remedy,
            severity=None if idle else Severity.IGNORED,
        )


@rule(
    "quoted-value",
    Severity.RISKY,
    summary="a value stands in quotes, which become part of it",
    flume='A Java properties file has no quotes: `"memory"` is a name of eight characters.',
    harm="Flume finds no such type, channel, host or folder. A number in quotes is none: most "
    'components are removed, some take the default. `"true"` is false.',
    wrong=changed(BASE, ("bind = 127.0.0.1", 'bind = "127.0.0.1"')),
    right=BASE,
)
def quoted_value(conf: Conf) -> Iterator[Report]:
    owners = {
        id(setting): component
        for component in conf.components()
        for setting in component.settings.values()
    }
    for setting in conf.settings:
        text = setting.value
        if not _QUOTED.fullmatch(text):
            continue
        component = owners.get(id(setting))
        key = key_of(component.agent, setting) if component else None
        if (key and key.type in (*NUMBERS, "boolean")) or not _FREE_TEXT.search(setting.rest):
            yield Report(
                setting.span,
                f"the quotes are part of the value of {setting.key}",
                f"write {text[1:-1]}",
                severity=_consequence(component, setting, key),
            )


def _consequence(component: Component | None, setting: Setting, key: Key | None) -> Severity | None:
    """What quotes do: a name is not found, a number is none, and `"true"` is false."""
    if _CONNECTS.fullmatch(setting.rest):
        return Severity.IDLE
    if not component or not key:
        return None
    if key.type in NUMBERS:
        return Severity.IGNORED if takes_default(component, key) else Severity.IDLE
    return Severity.IGNORED if key.type == "boolean" else None
