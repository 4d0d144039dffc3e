"""Signs in Flume's counters: what waits, and which component does not move."""

from collections.abc import Iterator

from flumelab.signs.agent import SPARK_SINK, Agent, Component, address, number
from flumelab.signs.file_names import is_ignored
from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Kind, Snapshot

FULL_PERCENT = 99.0
COUNTING = (
    *("spooldir", "taildir", "exec", "avro", "thrift", "http", "seq"),
    *("memory", "file", "org.apache.flume.source.taildir.TaildirSource", SPARK_SINK),
)
"""Types that always have counters while they run."""


def counter_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield the signs of an agent that answers."""
    if not snapshot.counters:
        return
    agent, part = Agent(snapshot), snapshot.part(Kind.FLUME)
    stuck = {
        channel.name: since
        for channel in agent.channels.values()
        if (since := stuck_since(channel, snapshot))
    }
    for name, since in stuck.items():
        channel = agent.channels[name]
        sinks = agent.sinks_of(channel)
        signs = [_sink(part, sink, channel, since, snapshot) for sink in sinks if sink.runs]
        yield from signs
        if is_full(channel):
            yield _full(part, channel, agent, since, signs)
            yield from _repeated(part, channel, agent, since)
    for source in agent.sources:
        yield from _all_dropped(part, source, agent)
        channels = agent.channels_of(source)
        held = any(channel.name in stuck and _hands_over(channel) for channel in channels)
        if not held and not any(is_full(channel) for channel in channels):
            yield from _source(part, source, snapshot)
    yield from _not_running(part, agent, snapshot)


def stuck_since(channel: Component, snapshot: Snapshot) -> float | None:
    """Since when events wait in a channel and none is taken; None if it moves or is empty."""
    if channel.count("ChannelSize") <= 0:
        return None
    taken = channel.moved.get("EventTakeSuccessCount", snapshot.now)
    since = max(taken, channel.moved.get("ChannelEmpty", 0))
    return since if snapshot.now - since >= snapshot.still_seconds else None


def is_full(channel: Component) -> bool:
    """Whether no further batch fits."""
    percent = float(channel.counters.get("ChannelFillPercentage", 0))
    return FULL_PERCENT <= percent <= 100


def _hands_over(channel: Component) -> bool:
    """Whether a channel stores nothing: its source waits until the sink has sent its batch."""
    return channel.type.endswith(".HandoffChannel")


def _sink(part: str, sink: Component, channel: Component, since: float, snapshot: Snapshot) -> Sign:
    worker = _receivers_worker(snapshot, sink.settings.get("port", ""))
    name = "sink-not-moving"
    if sink.type == SPARK_SINK:
        name = "sink-not-fetched"
    elif sink.is_a("avro", "thrift"):
        refused, failed = (
            sink.moved.get(counter, 0) for counter in ("ConnectionFailedCount", "EventWriteFail")
        )
        tried = sink.count("ConnectionFailedCount") > 0
        name = "sink-refused" if tried and refused >= failed - 1 else "sink-unanswered"
    if snapshot.cut and name != "sink-not-moving":
        name = "connection-cut"
    if name == "sink-refused" and worker and worker != sink.settings.get("hostname"):
        name = "receiver-elsewhere"
    return known()[name].sign(
        part,
        since,
        sink=sink.name,
        prefix=sink.prefix,
        address=address(sink),
        host=sink.settings.get("hostname", ""),
        worker=worker,
        channel=channel.name,
        events=_waiting(channel),
    )


def _receivers_worker(snapshot: Snapshot, port: str) -> str:
    """The worker on which a receiver with this port runs; empty if the program does not tell."""
    entry = known()["receiver-on-any-worker"]
    assert entry.line
    found = ""
    for part in snapshot.parts:
        for line in snapshot.logs.get(part.name, ()) if part.kind is Kind.PROGRAM else ():
            match = entry.line.search(line.text) if entry.contains in line.text else None
            if match and match["address"].endswith(f":{port}"):
                found = match["worker"]
    return found


def _full(part: str, channel: Component, agent: Agent, since: float, signs: list[Sign]) -> Sign:
    sinks = ", ".join(f"sink {sink.name} ({address(sink)})" for sink in agent.sinks_of(channel))
    sources = [source for source in agent.sources if channel in agent.channels_of(source)]
    others = {each.name for source in sources for each in agent.channels_of(source)}
    beside = sorted(others - {channel.name})
    waits = f"so source {', '.join(source.name for source in sources)} waits"
    if beside:
        waits += f", which also fills channel {', '.join(beside)}"
    return known()["channel-full"].sign(
        part,
        since,
        channel=channel.name,
        events=number(channel.count("ChannelSize"), "event"),
        why=f"{sinks} takes nothing, {waits}" if sinks else f"no sink takes from it, {waits}",
        remedy="; ".join(dict.fromkeys(sign.remedy for sign in signs))
        or f"give a sink the key channel = {channel.name}",
    )


def _repeated(part: str, full: Component, agent: Agent, since: float) -> Iterator[Sign]:
    """Yield the channels of the same source that get its batch again with each try."""
    for source in agent.sources:
        channels = agent.channels_of(source)
        for other in channels if full in channels else ():
            alone = sum(other in agent.channels_of(each) for each in agent.sources) == 1
            more = other.count("EventPutSuccessCount") - source.count("EventAcceptedCount")
            batch = source.count("EventReceivedCount") / max(
                1, source.count("AppendBatchReceivedCount")
            )
            if other != full and alone and more > batch:
                yield known()["batch-repeated"].sign(
                    part,
                    since,
                    channel=other.name,
                    more=number(more, "event"),
                    source=source.name,
                    full=full.name,
                    prefix=source.prefix,
                )


def _waiting(channel: Component) -> str:
    size = channel.count("ChannelSize")
    return f"{number(size, 'event')} {'waits' if size == 1 else 'wait'}"


def _all_dropped(part: str, source: Component, agent: Agent) -> Iterator[Sign]:
    accepted, channels = source.count("EventAcceptedCount"), agent.channels_of(source)
    if (
        not accepted
        or not channels
        or any(channel.count("EventPutAttemptCount") for channel in channels)
    ):
        return
    cause, remedy = "the channel selector", f"set {source.prefix}selector.default"
    for name in source.names("interceptors"):
        key = f"interceptors.{name}.regex"
        if source.settings.get(f"interceptors.{name}.type") == "regex_filter":
            regex = source.settings.get(key, "")
            cause = f"interceptor {name} (regex_filter)"
            remedy = (
                f"Flume reads {source.prefix}{key} as {regex}: write \\\\ for each backslash, and "
                "look at excludeEvents"
            )
            break
        cause = f"interceptor {name}"
        remedy = f"look at {source.prefix}interceptors.{name}"
    yield known()["all-dropped"].sign(
        part,
        source.moved.get("EventAcceptedCount"),
        source=source.name,
        accepted=number(accepted, "event"),
        channels=", ".join(f"channel {channel.name}" for channel in channels),
        cause=cause,
        remedy=remedy,
    )


def _source(part: str, source: Component, snapshot: Snapshot) -> Iterator[Sign]:
    folder = snapshot.folders.get(source.settings.get("spoolDir", ""))
    if not folder or not source.is_a("spooldir"):
        return
    pending = [file for file in folder.files if _is_pending(source, file.name)]
    if not pending:
        return
    since = max(
        source.moved.get("EventAcceptedCount", snapshot.now),
        min(file.changed for file in pending),
    )
    if snapshot.now - since >= snapshot.still_seconds:
        yield known()["source-not-moving"].sign(
            part,
            since,
            source=source.name,
            folder=folder.path,
            files=f"{number(len(pending), 'file')} {'waits' if len(pending) == 1 else 'wait'}",
        )


def _is_pending(source: Component, name: str) -> bool:
    suffix = source.settings.get("fileSuffix", ".COMPLETED")
    visible = "/" not in name and not name.startswith(".") and not name.endswith(suffix)
    return visible and not is_ignored(source, name)


def _not_running(part: str, agent: Agent, snapshot: Snapshot) -> Iterator[Sign]:
    everything = [*agent.sources, *agent.channels.values(), *agent.sinks]
    starts = [each.count("StartTime") / 1000 for each in everything if each.runs]
    if not starts or snapshot.now - max(starts) < snapshot.still_seconds:
        return
    for each in everything:
        if each.is_a(*COUNTING) and not each.runs:
            yield known()["part-not-running"].sign(
                part, max(starts), kind=each.kind, component=each.name
            )
