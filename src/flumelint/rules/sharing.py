"""Rules about sinks that share a channel."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import Component, Conf
from flumelint.places import sinks_of
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule

# Settings that say where events go, for the types that are often doubled on purpose.
TARGETS = ("hostname", "port", "hdfs.path", "sink.directory", "kafka.topic", "topic", "table")


@rule(
    "sinks-share-channel",
    Severity.RISKY,
    summary="sinks that write to different places take from one channel",
    flume="An event leaves the channel with the first sink that takes it. The other sinks never "
    "see it. Flume logs nothing.",
    harm="Each place gets only a part of the events, and nobody can say which.",
    wrong=changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2"))
    + "\na1.sinks.k2.type = file_roll\na1.sinks.k2.sink.directory = /var/lib/flume/out\n"
    "a1.sinks.k2.channel = c1\n",
    right=changed(
        BASE,
        ("a1.sinks = k1", "a1.sinks = k1 k2"),
        ("a1.channels = c1", "a1.channels = c1 c2"),
        ("r1.channels = c1", "r1.channels = c1 c2"),
    )
    + "\na1.sinks.k2.type = file_roll\na1.sinks.k2.sink.directory = /var/lib/flume/out\n"
    "a1.sinks.k2.channel = c2\n\na1.channels.c2.type = memory\n",
)
def sinks_share_channel(conf: Conf) -> Iterator[Report]:
    """Sinks of one group are meant to take turns; so are equal sinks of one target.

    A group that no list names has a rule of its own.
    """
    for agent in conf.agents.values():
        grouped = {
            name: group.name
            for group in agent.sinkgroups.values()
            if is_alive(group) or not group.listed
            for name in group.text("sinks").split()
        }
        for channel in agent.channels:
            first: Component | None = None
            for sink in sinks_of(agent, channel):
                if first is None:
                    first = sink
                    continue
                together = sink.name in grouped and grouped[sink.name] == grouped.get(first.name)
                if not together and _differ(first, sink):
                    yield Report(
                        sink.settings["channel"].span,
                        f"{first} takes from {channel}, too: each event reaches only one of them",
                        f"give {sink} a channel of its own, and add it to the source's channels",
                        related=(first.settings["channel"].span, str(first)),
                        severity=None if _same_type(first, sink) else Severity.LOSES_DATA,
                    )


def _same_type(one: Component, two: Component) -> bool:
    return one.is_a(two.type) or two.is_a(one.type)


def _differ(one: Component, two: Component) -> bool:
    if not _same_type(one, two):
        return True
    return any(one.text(key) != two.text(key) for key in TARGETS)
