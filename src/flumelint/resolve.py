"""Which components Flume starts: FlumeConfiguration's validation and the load that follows it."""

from __future__ import annotations

from flumelint.model import (
    CHANNEL,
    FILTER,
    MAX_INT,
    SINK,
    SINKGROUP,
    SOURCE,
    Agent,
    Component,
    Conf,
    once_per_agent,
)

# Channels that count events in transactions; a spillable one is a file channel with a queue.
COUNTING = ("memory", "file", "spillablememory")


def is_alive(component: Component) -> bool:
    """Whether Flume starts a component: it is listed, complete and connected."""
    return component.name in alive(component.agent)[component.kind]


@once_per_agent
def alive(agent: Agent) -> dict[str, set[str]]:
    """Return the names of the components that Flume starts, by kind."""
    valid = {name for name, each in agent.channels.items() if _is_valid_channel(each)}
    sources = {
        name
        for name, each in agent.sources.items()
        if _is_complete(each)
        and (named := valid.intersection(each.text("channels").split()))
        and _fits(each, named)
    }
    sinks = {
        name
        for name, each in agent.sinks.items()
        if _is_complete(each)
        and each.text("channel") in valid
        and _fits(each, {each.text("channel")})
    }
    used = {agent.sinks[name].text("channel") for name in sinks}
    used.update(word for name in sources for word in agent.sources[name].text("channels").split())
    groups = _groups(agent, sinks)
    filters = {name for name, each in agent.components[FILTER].items() if _is_complete(each)}
    return {
        SOURCE: sources,
        CHANNEL: valid & used,
        SINK: sinks,
        SINKGROUP: groups,
        FILTER: filters,
    }


def _groups(agent: Agent, sinks: set[str]) -> set[str]:
    """Return the groups that get a sink; each sink goes to one of them."""
    free, found = set(sinks), set()
    for name, group in agent.sinkgroups.items():
        if mine := free.intersection(group.text("sinks").split()) if group.listed else None:
            free -= mine
            found.add(name)
    return found


def starts_nothing(conf: Conf) -> bool:
    """Whether Flume surely runs on with nothing to do, or ends: no source and no sink starts.

    If the agent that is started is known, only that one counts.
    """
    if conf.document.malformed or any(_stops_reading(g) for g in conf.components(SINKGROUP)):
        return True
    agents = [
        agent
        for agent in conf.agents.values()
        if conf.expected_agent in (None, agent.name) and not any(map(_cannot_load, _valid(agent)))
    ]
    return not any(alive(agent)[SOURCE] or alive(agent)[SINK] for agent in agents)


def _stops_reading(group: Component) -> bool:
    """Whether Flume ends with a NullPointerException because a group has no sinks."""
    return bool(group.listed and group.settings and not group.get("sinks"))


def _valid(agent: Agent) -> list[Component]:
    running = alive(agent)
    return [
        component
        for kind in (SOURCE, CHANNEL, SINK)
        for component in agent.components[kind].values()
        if component.name in running[kind]
    ]


def _cannot_load(component: Component) -> bool:
    """Whether a type is neither Flume's nor a class's name: then Flume loads no component.

    A class without a package is taken for one by its capital letter.
    """
    type_ = component.get("type")
    if not type_ or not type_.known or component.data:
        return False
    return "." not in type_.value and type_.value.islower()


def _is_complete(component: Component) -> bool:
    return component.listed is not None and bool(component.type)


def _is_valid_channel(channel: Component) -> bool:
    return _is_complete(channel) and not exceeds_capacity(channel)


def exceeds_capacity(channel: Component) -> bool:
    """Whether a channel's transactions are larger than the channel: Flume removes it."""
    capacity, transaction = capacity_of(channel), transaction_of(channel)
    return capacity is not None and transaction is not None and transaction > capacity


def capacity_of(channel: Component) -> int | None:
    """Return how many events a memory or file channel can hold; None if it is not known."""
    return _events(channel, "capacity") if channel.is_a("memory", "file") else None


def transaction_of(channel: Component) -> int | None:
    """Return how many events a transaction of a channel can have; None if it is not known."""
    return _events(channel, "transactionCapacity") if channel.is_a(*COUNTING) else None


def _events(channel: Component, key: str) -> int | None:
    """Flume takes the default for a number that is not positive, and for what is no number.

    (A file channel is removed if it is no number; another rule says so.)
    """
    setting = channel.get(key)
    default = int((channel.data.default(key) if channel.data else None) or 0)
    if setting and not setting.known:
        return None
    number = channel.number(key, default)
    return number if number is not None and 0 < number <= MAX_INT else default


def batch_of(component: Component) -> tuple[str, int] | None:
    """Return the key of the batch size that Flume compares with the channel, and the size.

    None for a component whose batch Flume does not know, and for a size that is not known.
    """
    data = component.data
    key = data.batch_key if data else None
    default = data.default(key) if data and key else None
    if not key or not default:
        return None
    size = component.number(key, int(default))
    return None if size is None else (key, size)


def _fits(component: Component, channels: set[str]) -> bool:
    """Whether Flume lets it start with these channels."""
    batch = batch_of(component)
    limits = [transaction_of(component.agent.channels[name]) for name in channels]
    return batch is None or all(limit is None or batch[1] <= limit for limit in limits)
