"""Rules about the header `timestamp`: the time of an event, in milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import SINK, SOURCE, Component, Conf, Setting
from flumelint.places import sinks_of
from flumelint.resolve import is_alive
from flumelint.rules.hdfs import HDFS, is_by_time
from flumelint.rules.rule import changed, rule

MILLIS = "org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer"
HEADER = "timestamp"
# A group that matches digits only.
_DIGITS = re.compile(r"(?:(?:\\d|\[0-9\]|\[\\d\]|[0-9])(?:[+*?]|\{[\d,]+\})?)+")
_GROUP = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?<(?![=!])\w+>|\(\?|\(|\)")
DATED = changed(
    HDFS,
    ("8020/events", "8020/events/%Y-%m-%d"),
    (
        "a1.sources.r1.channels",
        "a1.sources.r1.interceptors = i1\n"
        "a1.sources.r1.interceptors.i1.type = regex_extractor\n"
        "a1.sources.r1.interceptors.i1.regex = ^(\\\\S+)\n"
        "a1.sources.r1.interceptors.i1.serializers = s1\n"
        f"a1.sources.r1.interceptors.i1.serializers.s1.type = {MILLIS}\n"
        "a1.sources.r1.interceptors.i1.serializers.s1.pattern = yyyy-MM-dd\n"
        "a1.sources.r1.interceptors.i1.serializers.s1.name = timestamp\n"
        "a1.sources.r1.channels",
    ),
)


@rule(
    "timestamp-is-text",
    Severity.IDLE,
    summary="an interceptor gives the header timestamp a text that is no number of milliseconds",
    flume="The header is passed on as it is. An HDFS sink with a time in its path logs `Flume "
    "wasn't able to parse timestamp header` and tries these events again without end.",
    harm="The HDFS sink writes nothing, and its channel fills. A program that reads the header "
    "finds no time in it.",
    wrong=changed(
        DATED,
        (f"a1.sources.r1.interceptors.i1.serializers.s1.type = {MILLIS}\n", ""),
        ("a1.sources.r1.interceptors.i1.serializers.s1.pattern = yyyy-MM-dd\n", ""),
    ),
    right=DATED,
)
def timestamp_is_text(conf: Conf) -> Iterator[Report]:
    for source in conf.components(SOURCE):
        if not is_alive(source):
            continue
        for setting, remedy in _texts(source):
            yield Report(
                setting.span,
                f"the header {HEADER} becomes a text, and it has to be milliseconds since 1970",
                remedy,
                severity=None if _is_needed(source) else Severity.RISKY,
            )


def _texts(source: Component) -> Iterator[tuple[Setting, str]]:
    """Yield the setting that names the header, and the remedy."""
    for name in source.text("interceptors").split():
        start = f"interceptors.{name}."
        type_ = source.text(f"{start}type").lower()
        if type_ == "static" and source.text(f"{start}key") == HEADER:
            value = source.get(f"{start}value")
            if value and value.known and not value.value.isdecimal():
                yield value, "write milliseconds since 1970, or use an interceptor timestamp"
        elif type_ == "regex_extractor":
            yield from _extracted(source, start)


def _extracted(source: Component, start: str) -> Iterator[tuple[Setting, str]]:
    regex = source.get(f"{start}regex")
    if not regex or not regex.known:
        return
    groups = groups_of(regex.value)
    for number, serializer in enumerate(source.text(f"{start}serializers").split()):
        own = f"{start}serializers.{serializer}."
        header = source.get(f"{own}name")
        passed_on = source.text(f"{own}type", "default").lower() == "default"
        if not header or header.value != HEADER or not passed_on or number >= len(groups):
            continue
        if not _DIGITS.fullmatch(groups[number]):
            yield (
                header,
                f"write {source.prefix}{own}type = {MILLIS}, and its pattern",
            )


def groups_of(regex: str) -> list[str]:
    """The contents of a regular expression's groups that capture, in their order."""
    groups: list[str] = []
    opened: list[tuple[int | None, int]] = []  # the group's number, where it begins
    for found in _GROUP.finditer(regex):
        piece = found[0]
        if piece == ")":
            if opened:
                number, begin = opened.pop()
                if number is not None:
                    groups[number] = regex[begin : found.start()]
        elif piece == "(?":
            opened.append((None, found.end()))
        elif piece.startswith("("):
            opened.append((len(groups), found.end()))
            groups.append("")
    return groups


def _is_needed(source: Component) -> bool:
    """Whether an HDFS sink takes the events' time for its path."""
    return any(
        is_by_time(sink)
        for channel in source.text("channels").split()
        for sink in sinks_of(source.agent, channel)
        if sink.kind == SINK
    )
