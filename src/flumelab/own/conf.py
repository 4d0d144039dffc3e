"""One agent of a user's Flume conf: its active components, as Flume itself would see them."""

import os
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from flumelab.errors import LabError
from flumelint import Assignment, parse

KINDS = ("sources", "channels", "sinks")
SPARK_SINK = "org.apache.spark.streaming.flume.sink.SparkSink"
_ENVIRONMENT = re.compile(r"\$\{env:(\w+)(?::-([^}]*))?\}")


@dataclass(frozen=True)
class Component:
    """A source, channel or sink.

    :param prefix: the start of its keys, ``a1.sources.r1.``
    :param settings: its values by the rest of the key; ``${env:NAME}`` is replaced
    """

    name: str
    prefix: str
    settings: Mapping[str, str]

    @property
    def type(self) -> str:
        """The type as written in the conf; empty if it is missing."""
        return self.settings.get("type", "")

    def is_a(self, *types: str) -> bool:
        """Whether the type is one of these; like Flume, this ignores upper and lower case."""
        return self.type.lower() in {name.lower() for name in types}


@dataclass(frozen=True)
class AgentConf:
    """The components of an agent: only those that its lists name, because others do not run."""

    file: Path
    agent: str
    sources: Mapping[str, Component]
    channels: Mapping[str, Component]
    sinks: Mapping[str, Component]

    def spark_sinks(self, ports: frozenset[int] | None = None) -> list[Component]:
        """The sinks that feed Spark.

        :param ports: the ports on which the program listens; an avro sink to another port feeds
            something else. None: they are not known, so every avro sink counts.
        """
        return [sink for sink in self.sinks.values() if _feeds_spark(sink, ports)]

    def sinks_into(self, folders: Set[Path]) -> list[Component]:
        """The sinks that write files into one of the folders, which a program reads."""
        return [
            sink
            for sink in self.sinks.values()
            if sink.is_a("file_roll") and Path(sink.settings.get("sink.directory", "")) in folders
        ]

    def with_settings(self, changed: Mapping[str, str]) -> "AgentConf":
        """The same agent with other values: ``{"a1.sources.r1.spoolDir": "/tmp/spool"}``."""
        return replace(
            self,
            sources=_changed(self.sources, changed),
            channels=_changed(self.channels, changed),
            sinks=_changed(self.sinks, changed),
        )


def read(file: Path, agent: str | None = None) -> AgentConf:
    """Read an agent from a conf; without a name, the only agent in the file.

    Raises `LabError` for a file that cannot be read, and for an agent that is not in it.
    """
    values = _values(_parse(file), os.environ)
    agents = sorted({key.split(".")[0] for key in values if key.split(".")[1:2] in _LISTS})
    if not agents:
        raise LabError(
            f"{file} has no agent; a conf lists an agent's parts: a1.sources = r1, "
            "a1.channels = c1, a1.sinks = k1"
        )
    if agent is None and len(agents) > 1:
        raise LabError(f"{file} has the agents {', '.join(agents)}; choose one with --agent")
    agent = agent or agents[0]
    if agent not in agents:
        raise LabError(f"{file} has no agent {agent}; give --agent {' or '.join(agents)}")
    found = {kind: _components(values, agent, kind) for kind in KINDS}
    return AgentConf(file, agent, found["sources"], found["channels"], found["sinks"])


_LISTS = [[kind] for kind in KINDS]


def _parse(file: Path) -> tuple[Assignment, ...]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise LabError(f"{file}: {error.strerror}; give --conf a Flume configuration") from None
    if b"\0" in content:
        raise LabError(
            f"{file}: it has zero bytes, as UTF-16 has, which Flume cannot read; save it as UTF-8"
        )
    text = content.decode("utf-8-sig", "replace")
    return _assignments(text, f"{file}, ")


def require_connected(conf: AgentConf) -> None:
    """Raise `LabError` for a part that Flume would leave out, or that has no usable port."""
    for part, key in [
        *((source, "channels") for source in conf.sources.values()),
        *((sink, "channel") for sink in conf.sinks.values()),
    ]:
        named = part.settings.get(key, "").split()
        other = {"channel": "channels", "channels": "channel"}[key]
        if not named and other in part.settings:
            raise LabError(
                f"{conf.file}: {part.prefix}{other} is not read by Flume; write {part.prefix}{key}"
            )
        if not named:
            raise LabError(f"{conf.file}: {part.prefix}{key} is missing; name a channel there")
        for channel in named:
            if channel not in conf.channels:
                known = ", ".join(conf.channels) or "none"
                raise LabError(
                    f"{conf.file}: {part.prefix}{key} names {channel}, which is no channel of "
                    f"{conf.agent} with settings; name one of these: {known}"
                )
    for sink in conf.spark_sinks():
        port = sink.settings.get("port", "")
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise LabError(
                f"{conf.file}: {sink.prefix}port is {port or 'empty'}, which is not a port; write "
                "a number, or set the variable that it names"
            )


def require_a_sink(conf: AgentConf) -> None:
    """Raise `LabError` if nothing takes events from a channel; others can read a Kafka channel."""
    if conf.sinks or any("kafka" in channel.type.lower() for channel in conf.channels.values()):
        return
    agent, channel = conf.agent, next(iter(conf.channels), "c1")
    raise LabError(
        f"{conf.file}: agent {agent} has no sink with settings, so nothing would come to Spark; "
        f"write {agent}.sinks = k1, and the keys of {agent}.sinks.k1: type = avro, "
        f"channel = {channel}, hostname, port"
    )


def _components(values: Mapping[str, str], agent: str, kind: str) -> dict[str, Component]:
    found = {}
    for name in values.get(f"{agent}.{kind}", "").split():
        prefix = f"{agent}.{kind}.{name}."
        settings = {
            key.removeprefix(prefix): value
            for key, value in values.items()
            if key.startswith(prefix)
        }
        if settings:  # Flume drops a part without settings
            found[name] = Component(name, prefix, settings)
    return found


def _changed(parts: Mapping[str, Component], changed: Mapping[str, str]) -> Mapping[str, Component]:
    found = {}
    for name, part in parts.items():
        own = {
            key.removeprefix(part.prefix): value
            for key, value in changed.items()
            if key.startswith(part.prefix)
        }
        found[name] = replace(part, settings={**part.settings, **own})
    return found


def values_of(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return all values of a conf by key; raises `LabError` if it is malformed.

    :param environment: replaces ``${env:NAME}``
    """
    return _values(_assignments(text, ""), environment)


def _assignments(text: str, place: str) -> tuple[Assignment, ...]:
    """Return the assignments of a conf; raises `LabError` if Java refuses it."""
    document = parse(text)
    for malformed in document.malformed:
        line, _ = document.position(malformed.span.start)
        raise LabError(
            f"{place}line {line}: {document.raw(malformed.span)} is not a character; write four "
            "hexadecimal digits, or two backslashes for a backslash"
        )
    return document.assignments


def _values(found: Iterable[Assignment], environment: Mapping[str, str]) -> dict[str, str]:
    return {
        each.key.text.strip(): _ENVIRONMENT.sub(
            lambda name: environment.get(name[1], name[2] or ""), each.value.text.strip()
        )
        for each in found
    }


def _feeds_spark(sink: Component, ports: frozenset[int] | None) -> bool:
    if sink.type == SPARK_SINK:
        return True
    if not sink.is_a("avro"):
        return False
    port = sink.settings.get("port", "")
    return ports is None or (port.isdecimal() and int(port) in ports)
