"""Rules about values of a wrong kind: numbers, booleans, names of a fixed set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.component_data import Key
from flumelint.findings import Report, Severity
from flumelint.model import Component, Conf, Setting
from flumelint.names import nearest
from flumelint.numbers import takes_default
from flumelint.parts import Part, parts
from flumelint.rules.rule import BASE, changed, rule

LIMITS = {"int": 2**31, "long": 2**63}
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?|NaN|[+-]?Infinity", re.ASCII)
PORTS = ("port",)
PORT_MAX = 65535
# What people write for true and false elsewhere; Flume knows neither.
MEANT = {
    **dict.fromkeys(("yes", "y", "on", "1", "t", "enable", "enabled", "ture", "tru"), "true"),
    **dict.fromkeys(("no", "n", "off", "0", "f", "disable", "disabled", "none"), "false"),
}
LONG_LINES = changed(
    BASE,
    ("port = 44444\n", "port = 44444\na1.sources.r1.max-line-length = 4096\n"),
)
ACKS = changed(
    BASE,
    ("port = 44444\n", "port = 44444\na1.sources.r1.ack-every-event = true\n"),
)
SPOOL = changed(
    BASE,
    (
        "a1.sources.r1.type = netcat\na1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 44444\n",
        "a1.sources.r1.type = spooldir\n"
        "a1.sources.r1.spoolDir = /var/spool/flume\n"
        "a1.sources.r1.consumeOrder = oldest\n"
        "a1.sources.r1.deserializer.maxLineLength = 65536\n",
    ),
)
AVRO_SOURCE = changed(
    BASE,
    (
        "r1.type = netcat\n",
        "r1.type = avro\na1.sources.r1.compression-type = deflate\n",
    ),
)
AVRO_SINK = changed(
    BASE,
    (
        "a1.sinks.k1.type = logger\n",
        "a1.sinks.k1.type = avro\n"
        "a1.sinks.k1.hostname = collector\n"
        "a1.sinks.k1.port = 4141\n"
        "a1.sinks.k1.request-timeout = 20000\n",
    ),
)


def _values(conf: Conf, *types: str) -> Iterator[tuple[Part, Key, Setting]]:
    """Yield the settings whose keys have these types, and whose values are known."""
    for component in conf.components():
        for part in parts(component):
            for name, setting in part.settings.items():
                key = part.key(name)
                # A comment behind the value, or quotes around it, have rules of their own.
                if key and key.type in types and setting.known and _is_plain(setting.value):
                    yield part, key, setting


def _is_plain(value: str) -> bool:
    return "#" not in value and value[:1] not in "\"'" and " a1." not in value


@rule(
    "not-a-number",
    Severity.IDLE,
    summary="a value is not the number that its key wants",
    flume="Flume removes the component and logs `java.lang.NumberFormatException`. Some take the "
    "default instead: a memory channel for each of its numbers, an avro sink for its batch-size.",
    harm="There are no units: 10k, 64MB and 5s are no numbers, and neither is 1_000 or 1,000.",
    wrong=changed(LONG_LINES, ("= 4096", "= 4k")),
    right=LONG_LINES,
)
def not_a_number(conf: Conf) -> Iterator[Report]:
    for part, key, setting in _values(conf, "int", "long", "float", "double"):
        if _is_number(key.type, setting.value):
            continue
        kind = "a number" if key.type in ("float", "double") else "a whole number"
        if WHOLE.fullmatch(setting.value):
            kind = f"a number below {LIMITS[key.type]:,}"
        ignored = takes_default(part.component, key)
        yield Report(
            setting.span,
            f"{setting.value} is not {kind}, so Flume "
            + ("takes the default" if ignored else f"removes {part.component}"),
            _number_for(setting.value, key.default),
            severity=Severity.IGNORED if ignored else None,
        )


def _number_for(value: str, default: object) -> str:
    """Return the remedy; a value with a unit keeps its meaning only if the user converts it."""
    if re.fullmatch(r"\d+\s*[A-Za-z]+", value):
        return "write digits only, without a unit"
    return f"write {default}, say" if default else "write digits only"


def _is_number(type_: str, value: str) -> bool:
    if type_ in ("float", "double"):
        return bool(FLOAT.fullmatch(value))
    limit = LIMITS[type_]
    return bool(WHOLE.fullmatch(value)) and len(value) < 25 and -limit <= int(value) < limit


@rule(
    "not-a-boolean",
    Severity.IGNORED,
    summary="a value is neither true nor false",
    flume="Flume takes anything but true for false, and logs nothing.",
    harm="What `yes`, `on` or `1` was to switch on is off.",
    wrong=changed(ACKS, ("= true", "= yes")),
    right=ACKS,
)
def not_a_boolean(conf: Conf) -> Iterator[Report]:
    for part, key, setting in _values(conf, "boolean"):
        value = setting.value.lower()
        if value in ("true", "false"):
            continue
        meant = MEANT.get(value)
        yield Report(
            setting.span,
            f"{setting.value} counts as false for {key.name} of {part}",
            f"write {meant}" if meant else "write true or false",
        )


@rule(
    "not-a-choice",
    Severity.IDLE,
    summary="a value is not one of those that its key takes",
    flume="Flume removes the component and logs `has been removed due to an error during "
    "configuration`, or it does not start the component.",
    harm="A source that is not started reads nothing; behind a sink that is not started the "
    "channel fills.",
    wrong=changed(SPOOL, ("consumeOrder = oldest", "consumeOrder = newest")),
    right=SPOOL,
)
def not_a_choice(conf: Conf) -> Iterator[Report]:
    for part, key, setting in _values(conf, "enum"):
        values = [value.lower() for value in key.values]
        if setting.value.lower() in values or (key.class_too and "." in setting.value):
            continue
        if any(each.type_key == key.name for each in part.data.parts) if part.data else False:
            continue  # a part's type: another rule knows all of them
        if key.name == "hdfs.writeFormat" and _is_stream(part.component):
            continue  # only sequence files have it
        near = nearest(setting.value, values)
        yield Report(
            setting.span,
            f"{key.name} of {part} does not take {setting.value}",
            f"write {near}" if near else f"write {' or '.join(values)}",
            tuple(values),
        )


def _is_stream(sink: Component) -> bool:
    return sink.text("hdfs.fileType").lower() in ("datastream", "compressedstream")


@rule(
    "port-out-of-range",
    Severity.IDLE,
    summary="a port is larger than 65535, or negative",
    flume="Flume cannot open the port and logs `port out of range`. It tries again every few "
    "seconds without end.",
    harm="A source gets nothing; behind a sink the channel fills.",
    wrong=changed(BASE, ("port = 44444", "port = 144444")),
    right=BASE,
)
def port_out_of_range(conf: Conf) -> Iterator[Report]:
    for part, key, setting in _values(conf, "int"):
        if key.name in PORTS and WHOLE.fullmatch(setting.value):
            port = int(setting.value) if len(setting.value) < 12 else PORT_MAX + 1
            if not 0 <= port <= PORT_MAX and _is_number("int", setting.value):
                yield Report(
                    setting.span, f"{part} cannot have port {port}", f"write 1 to {PORT_MAX}"
                )


@rule(
    "unknown-compression",
    Severity.IGNORED,
    summary="compression-type is neither deflate nor none",
    flume="Flume knows deflate only, and takes anything else for none without a message. If the "
    "other side compresses, the source logs `io.netty.handler.codec.DecoderException`.",
    harm="The data is not compressed. If the other side compresses, the two do not understand "
    "each other.",
    wrong=changed(AVRO_SOURCE, ("compression-type = deflate", "compression-type = gzip")),
    right=AVRO_SOURCE,
)
def unknown_compression(conf: Conf) -> Iterator[Report]:
    for part, key, setting in _values(conf, "string"):
        value = setting.value.lower()
        if key.name == "compression-type" and value not in ("deflate", "none"):
            yield Report(
                setting.span,
                f"{part} does not compress by {setting.value}",
                "write deflate, on both sides, or none",
            )


@rule(
    "timeout-too-short",
    Severity.IGNORED,
    summary="a timeout is below one second",
    flume="Flume logs `less than 1s. Using default value instead.` and waits 20 seconds.",
    harm="The value is in milliseconds. A sink that was to give up after 5 waits for 20,000.",
    wrong=changed(AVRO_SINK, ("request-timeout = 20000", "request-timeout = 20")),
    right=AVRO_SINK,
)
def timeout_too_short(conf: Conf) -> Iterator[Report]:
    for part, key, setting in _values(conf, "long", "int"):
        if not _is_rpc(part.component) or key.name not in ("connect-timeout", "request-timeout"):
            continue
        if WHOLE.fullmatch(setting.value) and int(setting.value[:10]) < 1000:
            yield Report(
                setting.span,
                f"{key.name} of {part} is below 1000 milliseconds, so Flume takes 20000",
                f"write {int(setting.value[:10]) * 1000}"
                if 0 < int(setting.value[:10]) <= 300
                else "write 1000 or more",
            )


def _is_rpc(component: Component) -> bool:
    return component.is_a("avro", "thrift")
