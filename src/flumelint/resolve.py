"""Which components Flume starts: FlumeConfiguration's validation and the load that follows it."""

from __future__ import annotations

from functools import lru_cache

from flumelint.model import (
    CHANNEL,
    FILTER,
    MAX_INT,
    SINK,
    SINKGROUP,
    SOURCE,
    Agent,
    Component,
)

MEMORY_EVENTS = 100  # default of capacity and of transactionCapacity


def is_alive(component: Component) -> bool:
    """Whether Flume starts a component: it is listed, complete and connected."""
    return component.name in alive(component.agent)[component.kind]


@lru_cache(maxsize=64)
def alive(agent: Agent) -> dict[str, set[str]]:
    """Return the names of the components that Flume starts, by kind."""
    valid = {name for name, each in agent.channels.items() if _is_valid_channel(each)}
    sources = {
        name
        for name, each in agent.sources.items()
        if _is_complete(each) and valid.intersection(each.text("channels").split())
    }
    sinks = {
        name
        for name, each in agent.sinks.items()
        if _is_complete(each) and each.text("channel") in valid
    }
    used = {agent.sinks[name].text("channel") for name in sinks}
    used.update(word for name in sources for word in agent.sources[name].text("channels").split())
    groups = {
        name
        for name, each in agent.sinkgroups.items()
        if each.listed and sinks.intersection(each.text("sinks").split())
    }
    filters = {name for name, each in agent.components[FILTER].items() if _is_complete(each)}
    return {
        SOURCE: sources,
        CHANNEL: valid & used,
        SINK: sinks,
        SINKGROUP: groups,
        FILTER: filters,
    }


def _is_complete(component: Component) -> bool:
    return component.listed is not None and bool(component.type)


def _is_valid_channel(channel: Component) -> bool:
    return _is_complete(channel) and not exceeds_capacity(channel)


def exceeds_capacity(channel: Component) -> bool:
    """Whether a memory channel's transactions are larger than the channel: Flume removes it."""
    if not channel.is_a("memory"):
        return False
    capacity = memory_events(channel, "capacity")
    transaction = memory_events(channel, "transactionCapacity")
    return capacity is not None and transaction is not None and transaction > capacity


def memory_events(channel: Component, key: str) -> int | None:
    """Return a memory channel's capacity as Flume uses it; None if it is not known.

    Flume takes the default for what is no number, and for a number that is not positive.
    """
    setting = channel.get(key)
    if setting and not setting.known:
        return None
    number = channel.number(key, MEMORY_EVENTS)
    return number if number is not None and 0 < number <= MAX_INT else MEMORY_EVENTS
