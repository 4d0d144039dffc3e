"""Rules about what connects sources and sinks with channels."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import (
    CHANNEL,
    SINK,
    SOURCE,
    Agent,
    Component,
    Conf,
    Setting,
    configured,
    once_per_agent,
)
from flumelint.names import nearest
from flumelint.routing import may_choose, selector_type
from flumelint.rules.rule import BASE, TWO_CHANNELS, changed, rule


def _renamed(setting: Setting, right: str, safe: bool) -> tuple[Edit, ...]:
    return (Edit(setting.rest_span, right),) if safe else ()


@rule(
    "source-uses-channel",
    Severity.IDLE,
    summary="a source has `channel`; the key of a source is `channels`",
    flume="Flume removes the source and logs `Could not configure source  r1 due to: Failed to "
    "configure component!`, which does not name the key.",
    harm="Nothing is read.",
    wrong=changed(BASE, ("r1.channels", "r1.channel")),
    right=BASE,
)
def source_uses_channel(conf: Conf) -> Iterator[Report]:
    for source in conf.components(SOURCE):
        wrong = source.get("channel")
        if wrong and source.listed:
            both = source.get("channels")
            yield Report(
                wrong.rest_span,
                f"{source} has `channel`, which no source reads",
                "delete this line: channels is set, too" if both else "write channels",
                fix=_renamed(wrong, "channels", not both),
                severity=Severity.IGNORED if both else None,
            )


@rule(
    "sink-uses-channels",
    Severity.IDLE,
    summary="a sink has `channels`; the key of a sink is `channel`",
    flume="Flume removes the sink and logs `No channel configured for sink: k1`.",
    harm="The events stay in the channel until it is full.",
    wrong=changed(BASE, ("k1.channel", "k1.channels")),
    right=BASE,
)
def sink_uses_channels(conf: Conf) -> Iterator[Report]:
    for sink in conf.components(SINK):
        wrong = sink.get("channels")
        if wrong and sink.listed:
            both = sink.get("channel")
            yield Report(
                wrong.rest_span,
                f"{sink} has `channels`, which no sink reads",
                "delete this line: channel is set, too" if both else "write channel",
                fix=_renamed(wrong, "channel", not both and len(wrong.value.split()) == 1),
                severity=Severity.IGNORED if both else None,
            )


@rule(
    "several-channels-for-a-sink",
    Severity.IDLE,
    summary="a sink names several channels",
    flume="Flume takes the whole value for one name, removes the sink, and logs `Channel c1 c2 not "
    "in active set.`",
    harm="Nothing is taken out of these channels.",
    wrong=changed(TWO_CHANNELS, ("k1.channel = c1", "k1.channel = c1 c2")),
    right=changed(TWO_CHANNELS, ("a1.sinks = k1", "a1.sinks = k1 k2"))
    + "a1.sinks.k2.type = logger\na1.sinks.k2.channel = c2\n",
)
def several_channels_for_a_sink(conf: Conf) -> Iterator[Report]:
    for sink in conf.components(SINK):
        channel = sink.get("channel")
        if channel and sink.listed and _names_several(sink, channel):
            yield Report(
                channel.span,
                f"{sink} names several channels, and a sink reads from one",
                "name one channel, and make another sink for each other channel",
                tuple(configured(sink.agent.channels)),
            )


def _names_several(sink: Component, channel: Setting) -> bool:
    """Whether the value lists channels; with other words behind it, it has a comment."""
    words = channel.value.replace(",", " ").split()
    return channel.known and len(words) > 1 and all(word in sink.agent.channels for word in words)


@rule(
    "not-connected",
    Severity.IDLE,
    whole=True,
    summary="a source or a sink names no channel",
    flume="Flume removes it and logs `Failed to configure component!` for a source, and `No "
    "channel configured for sink: k1` for a sink.",
    harm="A source without a channel reads nothing; a channel without its sink fills up.",
    wrong=changed(BASE, ("a1.sinks.k1.channel = c1\n", "")),
    right=BASE,
)
def not_connected(conf: Conf) -> Iterator[Report]:
    for kind, key, other in ((SOURCE, "channels", "channel"), (SINK, "channel", "channels")):
        for component in conf.components(kind):
            connected = component.get(key) or component.get(other)
            if component.listed and component.settings and not connected:
                yield Report(
                    component.place,
                    f"{component} names no channel, so Flume removes it",
                    f"write {component.prefix}{key} = …",
                    tuple(configured(component.agent.channels)),
                )


@rule(
    "unknown-channel",
    Severity.IDLE,
    whole=True,
    summary="a source or a sink names a channel that the agent does not have",
    flume="Flume removes a sink with `Channel cc1 not in active set.`, and a source if none of its "
    "channels exists. From a source with other channels it takes the name away without a word; a "
    "multiplexing selector that chooses it removes the source: `Selector channel not found: c9`.",
    harm="The sink takes nothing out; the source reads nothing, or leaves out one of its paths.",
    wrong=changed(BASE, ("k1.channel = c1", "k1.channel = cc1")),
    right=BASE,
)
def unknown_channel(conf: Conf) -> Iterator[Report]:
    for component in conf.components(SOURCE, SINK):
        setting = component.get("channels" if component.kind == SOURCE else "channel")
        if not setting or not setting.known or not component.listed:
            continue
        channels = component.agent.channels
        listed = component.agent.lists.get(CHANNEL)
        if not listed or not listed.known:
            continue
        known = _complete(component.agent)
        words = setting.words()
        if component.kind == SINK and len(words) > 1:
            continue  # several channels, a comment, or two assignments: each has its own rule
        for name, span in words:
            if name.startswith(("#", "//")) or "=" in name:
                break
            if name.strip(",;") in channels or "," in name:
                continue  # listed, configured, or both: other rules say what is missing
            near = nearest(name, known) or (known[0] if len(known) == 1 else None)
            yield Report(
                span,
                f"{component} names the channel {name}, which {component.agent.name} does not have",
                f"write {near}" if near else "name a channel of the agent",
                known,
                severity=_cost_of_unknown(component, name, known),
            )


def _cost_of_unknown(component: Component, name: str, known: tuple[str, ...]) -> Severity | None:
    """What Flume does if other channels of a source are known: it leaves out one of its paths.

    A multiplexing selector that chooses the missing channel takes the source with it, and for one
    that never chooses it nothing changes.
    """
    if not any(word in known for word in component.text("channels").split()):
        return None
    if selector_type(component) != "multiplexing":
        return Severity.LOSES_DATA
    return None if may_choose(component, name) else Severity.IGNORED


@rule(
    "channel-without-sink",
    Severity.LOSES_DATA,
    whole=True,
    summary="a channel has a source and no sink",
    flume="Flume says nothing. The channel fills, and from then on every put into it fails.",
    harm="When the channel is full, the source stops: for all of its channels. What the channel "
    "holds is never delivered.",
    wrong=TWO_CHANNELS,
    right=BASE,
)
def channel_without_sink(conf: Conf) -> Iterator[Report]:
    for channel, sources in _one_sided(conf, SOURCE, SINK):
        filling = [each for each in sources if may_choose(each, channel.name)]
        if filling:
            yield Report(
                channel.place,
                f"no sink takes events out of {channel}, so it fills up and stops {filling[0]}",
                f"name {channel.name} in a sink's channel, or take it from the source's channels",
            )


@rule(
    "channel-without-source",
    Severity.IDLE,
    whole=True,
    summary="a channel has a sink and no source",
    flume="Flume starts channel and sink and says nothing.",
    harm="The sink waits for events that never come.",
    wrong=changed(
        BASE,
        ("a1.channels = c1", "a1.channels = c1 c2"),
        ("a1.sinks.k1.channel = c1", "a1.sinks.k1.channel = c2"),
    )
    + "a1.channels.c2.type = memory\n",
    right=BASE,
)
def channel_without_source(conf: Conf) -> Iterator[Report]:
    for channel, sinks in _one_sided(conf, SINK, SOURCE):
        yield Report(
            channel.place,
            f"no source puts events into {channel}, so {sinks[0]} has nothing to do",
            f"name {channel.name} in a source's channels",
        )


@rule(
    "channel-without-use",
    Severity.IGNORED,
    whole=True,
    summary="no source and no sink names a channel",
    flume="Flume creates the channel, logs `Channel c2 has no components connected and has been "
    "removed.`, and goes on without it.",
    harm="A name is probably misspelt: what was to use the channel uses another one, or none.",
    wrong=changed(BASE, ("a1.channels = c1", "a1.channels = c1 c2"))
    + "a1.channels.c2.type = memory\n",
    right=BASE,
)
def channel_without_use(conf: Conf) -> Iterator[Report]:
    for channel in _known_channels(conf, all_types=True):
        if not _users(channel, SOURCE) and not _users(channel, SINK):
            yield Report(
                channel.place,
                f"neither a source nor a sink names {channel}, so Flume removes it",
                "name it in a source's channels and in a sink's channel, or delete it",
            )


@once_per_agent
def _complete(agent: Agent) -> tuple[str, ...]:
    return tuple(name for name, each in agent.channels.items() if each.listed and each.settings)


def _known_channels(conf: Conf, all_types: bool = False) -> Iterator[Component]:
    """Yield the channels that Flume creates; those that others fill or empty only on demand."""
    for channel in conf.components(CHANNEL):
        if channel.listed and channel.settings and (all_types or _is_private(channel)):
            yield channel


def _one_sided(conf: Conf, used: str, unused: str) -> Iterator[tuple[Component, list[Component]]]:
    """Yield the channels that one kind of component names and the other does not, with the users.

    The users are those that are listed; there is at least one.
    """
    for channel in _known_channels(conf):
        users = [each for each in _users(channel, used) if each.listed]
        if users and not _users(channel, unused):
            yield channel, users


def _is_private(channel: Component) -> bool:
    """Whether only this agent can put and take; Kafka's channel is open to others as well."""
    return channel.is_a("memory", "file", "jdbc", "spillablememory")


def _users(channel: Component, kind: str) -> list[Component]:
    """Return the sources or sinks that name a channel, and those whose value is not known."""
    return _users_by_channel(channel.agent, kind).get(channel.name, [])


@once_per_agent
def _users_by_channel(agent: Agent, kind: str) -> dict[str, list[Component]]:
    users: dict[str, list[Component]] = {}
    for component in agent.components[kind].values():
        right, wrong = ("channels", "channel") if kind == SOURCE else ("channel", "channels")
        setting = component.get(right) or component.get(wrong)
        if setting:
            words = setting.value.replace(",", " ").split() if setting.known else agent.channels
            for name in dict.fromkeys(words):
                users.setdefault(name, []).append(component)
    return users
