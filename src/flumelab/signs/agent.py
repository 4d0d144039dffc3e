"""A Flume agent as its conf and its counters show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flumelab.signs.snapshot import Snapshot

SPARK_SINK = "org.apache.spark.streaming.flume.sink.SparkSink"


@dataclass(frozen=True)
class Component:
    """A source, channel or sink that the conf lists.

    :param kind: source, channel or sink
    :param prefix: the start of its keys, ``a1.sources.r1.``
    :param settings: its values by the rest of the key
    :param counters: Flume's counters; empty if it has none
    :param moved: when each counter has last changed, in seconds since 1970
    """

    kind: str
    name: str
    prefix: str
    settings: Mapping[str, str]
    counters: Mapping[str, Any]
    moved: Mapping[str, float]

    @property
    def type(self) -> str:
        """The type as written in the conf; empty if it is missing."""
        return self.settings.get("type", "")

    @property
    def runs(self) -> bool:
        """Whether its counters say that it has started and not stopped."""
        return int(self.counters.get("StartTime", 0)) > 0 == int(self.counters.get("StopTime", 0))

    def is_a(self, *types: str) -> bool:
        """Whether the type is one of these; like Flume, this ignores upper and lower case."""
        return self.type.lower() in {name.lower() for name in types}

    def count(self, counter: str) -> int:
        """A counter's value; 0 if there is no such counter."""
        return int(self.counters.get(counter, 0))

    def names(self, key: str) -> list[str]:
        """A value that is a list of names."""
        return self.settings.get(key, "").split()


class Agent:
    """The parts of the agent, and how they are connected."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.name = snapshot.agent
        self.sources = self._components("source")
        self.channels = {channel.name: channel for channel in self._components("channel")}
        self.sinks = self._components("sink")

    def channels_of(self, source: Component) -> list[Component]:
        """The channels that a source fills."""
        return [self.channels[name] for name in source.names("channels") if name in self.channels]

    def sinks_of(self, channel: Component) -> list[Component]:
        """The sinks that take from a channel."""
        return [sink for sink in self.sinks if sink.settings.get("channel") == channel.name]

    def _components(self, kind: str) -> Sequence[Component]:
        conf = self._snapshot.conf
        found = []
        for name in conf.get(f"{kind}s", "").split():
            prefix, counters = f"{kind}s.{name}.", f"{kind.upper()}.{name}"
            found.append(
                Component(
                    kind,
                    name,
                    f"{self.name}.{prefix}",
                    {k.removeprefix(prefix): v for k, v in conf.items() if k.startswith(prefix)},
                    self._snapshot.counters.get(counters, {}),
                    self._snapshot.moved.get(counters, {}),
                )
            )
        return found


def address(sink: Component) -> str:
    """Where a sink sends to, or where a SparkSink listens: ``localhost:4141``."""
    host = sink.settings.get("hostname", "0.0.0.0")  # noqa: S104 - SparkSink's default
    return f"{host}:{sink.settings.get('port', '?')}"


def number(count: int, one: str, many: str = "") -> str:
    """Return ``1 event`` or ``1,000 events``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
