"""Rules about keys: those that a component does not read, and those that it must have."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.component_data import Renamed
from flumelint.findings import Edit, Report, Severity
from flumelint.model import SOURCE, Conf, Setting
from flumelint.names import folded, nearest
from flumelint.parts import Part, is_passed_on, parts
from flumelint.properties import Span
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule

AVRO = changed(
    BASE,
    (
        "a1.sinks.k1.type = logger\n",
        "a1.sinks.k1.type = avro\n"
        "a1.sinks.k1.hostname = collector\n"
        "a1.sinks.k1.port = 4141\n"
        "a1.sinks.k1.batch-size = 50\n",
    ),
)
KAFKA = changed(
    BASE,
    (
        "a1.sinks.k1.type = logger\n",
        "a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink\n"
        "a1.sinks.k1.kafka.bootstrap.servers = broker:9092\n"
        "a1.sinks.k1.kafka.topic = events\n",
    ),
)
UDP = changed(
    BASE,
    (
        "r1.type = netcat\n",
        "r1.type = netcatudp\na1.sources.r1.remoteAddress = client\n",
    ),
)
# Other rules say what is wrong with these.
TOLD_ELSEWHERE = {"source": ("channel",), "sink": ("channels",), "sinkgroup": ("sink",)}
# A selector's mappings without multiplexing, and priorities without failover, are told elsewhere.
UNCHECKED_PARTS = ("selector", "sinkgroup")


def _all_parts(conf: Conf) -> Iterator[Part]:
    for component in conf.components():
        yield from parts(component)


def _unread(part: Part) -> Iterator[tuple[str, Setting]]:
    """Yield the settings that nobody reads; nothing for a class of which nothing is known."""
    if not part.data or part.data.open:
        return
    if part.prefix and part.interface in UNCHECKED_PARTS and not part.type:
        return
    for name, setting in part.settings.items():
        known = name in part.common or part.key(name) or is_passed_on(part.data, name)
        if not known and name not in TOLD_ELSEWHERE.get(part.interface, ()):
            yield name, setting


@rule(
    "unknown-key",
    Severity.IGNORED,
    summary="a component does not read this key",
    flume="Flume logs nothing. The key has no effect, and the default applies.",
    harm="What the key was to set is not set. Upper and lower case and hyphens count: the avro "
    "sink has `batch-size`, most others have `batchSize`.",
    wrong=changed(AVRO, ("batch-size", "batchSize")),
    right=AVRO,
)
def unknown_key(conf: Conf) -> Iterator[Report]:
    for part in _all_parts(conf):
        for name, setting in _unread(part):
            data = part.data
            if not data or name in data.renamed:
                continue
            known = [*data.keys, *part.common]
            if not part.prefix and part.interface == SOURCE:
                known += ["selector.type"]
            near = nearest(name, known)
            is_same = near is not None and folded(near) == folded(name)
            free = is_same and near not in part.settings
            yield Report(
                setting.rest_span,
                f"unknown key `{name}` of {_words(part)}",
                f"did you mean `{near}`?" if near else "take it out",
                () if near else tuple(key for key in known if key != "type"),
                fix=(Edit(_end_of_key(setting, name), near),) if near and free else (),
            )


def _words(part: Part) -> str:
    """A part with its type: ``the avro sink k1``, ``the static interceptor i1 of source r1``."""
    return str(part).removeprefix("the ").join(("the " + _type_of(part) + " ", ""))


def _type_of(part: Part) -> str:
    data = part.data
    return (data.alias or data.cls.rpartition(".")[2].removesuffix("$Builder")) if data else ""


def _end_of_key(setting: Setting, name: str) -> Span:
    """The place of a key without the prefix of its part."""
    key = setting.assignment.key
    end = setting.rest_start + len(setting.rest)
    return key.part(end - len(name), end)


@rule(
    "key-of-an-older-version",
    Severity.IGNORED,
    summary="a key has another name since a later version of Flume",
    flume="Of some old names Flume 1.11 takes the value and logs `topic is deprecated. Please use "
    "the parameter kafka.topic`. Others it does not read any more, and logs nothing.",
    harm="An old name that is not read leaves the default in force. One that still is read may be "
    "dropped by the next version.",
    wrong=changed(KAFKA, ("kafka.topic", "topic")),
    right=KAFKA,
)
def key_of_an_older_version(conf: Conf) -> Iterator[Report]:
    for part, setting, its in _renamed(conf):
        if its.wrong_in_guide:
            continue
        remedy = f"write {its.new}" if its.new else "take it out"
        if its.read:
            yield Report(
                setting.rest_span,
                f"{its.old} of {part} is called {its.new or 'nothing'} since Flume {its.since}"
                if its.new
                else f"{its.old} of {part} has had no use since Flume {its.since}",
                remedy,
                severity=Severity.STYLE,
            )
        else:
            yield Report(
                setting.rest_span,
                f"{part} has not read {its.old} since Flume {its.since}",
                remedy,
            )


@rule(
    "key-only-in-the-guide",
    Severity.IGNORED,
    summary="Flume's user guide names this key, but no version reads it",
    flume="Flume logs nothing. The guide has it wrong: the key has no effect.",
    harm="Whoever follows the guide gets the default.",
    wrong=changed(UDP, ("remoteAddress", "remoteAddressHeader")),
    right=UDP,
)
def key_only_in_the_guide(conf: Conf) -> Iterator[Report]:
    for part, setting, its in _renamed(conf):
        if its.wrong_in_guide:
            yield Report(
                setting.rest_span,
                f"{part} does not read {its.old}, although Flume's user guide says so",
                f"write {its.new}",
            )


def _renamed(conf: Conf) -> Iterator[tuple[Part, Setting, Renamed]]:
    for part in _all_parts(conf):
        for name, setting in part.settings.items():
            its = part.data.renamed.get(name) if part.data else None
            if its:
                yield part, setting, its


@rule(
    "missing-required-key",
    Severity.IDLE,
    summary="a component lacks a key without which it cannot run",
    flume="Flume removes the component and logs `has been removed due to an error during "
    "configuration`; or the component fails when it starts.",
    harm="A source that is removed reads nothing; behind a sink that is removed the channel fills.",
    wrong=changed(AVRO, ("a1.sinks.k1.port = 4141\n", "")),
    right=AVRO,
    whole=True,
)
def missing_required_key(conf: Conf) -> Iterator[Report]:
    for part in _all_parts(conf):
        if not part.data or not part.type or not is_alive(part.component):
            continue
        for missing in _missing(part):
            yield Report(
                part.type.span,
                f"{part} ({_type_of(part)}) has no {' or '.join(missing)}",
                f"write {part.component.prefix}{part.prefix}{missing[0]} = …",
            )


def _missing(part: Part) -> Iterator[tuple[str, ...]]:
    """Yield required keys that are not set; of a choice, all that would do."""
    data = part.data
    if not data:
        return
    for key in data.keys.values():
        needed = key.required or _holds(part, key.required_if)
        if needed and "*" not in key.name and key.name not in part.settings:
            yield (key.name,)
    for choice in data.one_of:
        if not any(name in part.settings for name in choice):
            yield tuple(name for name in choice if name not in data.renamed)


def _holds(part: Part, condition: str) -> bool:
    name, equals, value = condition.partition(" = ")
    return bool(equals) and name in part.settings and part.settings[name].value.lower() == value
