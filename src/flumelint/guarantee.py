"""What a flow promises: how many events a crash loses at most, and what may come twice.

A flow is a source, one of its channels, and the sinks that empty it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flumelint.model import Agent, Component, Conf
from flumelint.resolve import alive, batch_of, capacity_of
from flumelint.routing import channels_of, selector_type

KAFKA_SOURCE = "org.apache.flume.source.kafka.kafkasource"
KAFKA_CHANNEL = "org.apache.flume.channel.kafka.kafkachannel"
KAFKA_SINK = "org.apache.flume.sink.kafka.kafkasink"
HANDOFF = "io.pysparkflume.flume.handoffchannel"
GROWING_LOG = "io.pysparkflume.flume.growinglogsource"
SPARK_SINK = "org.apache.spark.streaming.flume.sink.sparksink"
IDENTITY = {
    "io.pysparkflume.flume.LineIdentityDeserializer$Builder",
    "io.pysparkflume.flume.MultilineIdentityDeserializer$Builder",
}

# Sources that read from a place again after a crash, and those whose clients send again.
REREADS = {"spooldir", "taildir", GROWING_LOG, KAFKA_SOURCE, "jms"}
ANSWERS = {"avro", "thrift", "http"}
# Sources whose senders get no answer that they wait for.
UNANSWERED = {"netcat", "netcatudp", "syslogtcp", "syslogudp", "multiport_syslogtcp"}
# Sinks that wait for an answer and send a batch again without one.
AWAIT_ANSWER = {"avro", "thrift", "http", KAFKA_SINK, SPARK_SINK}
WRITE = {"hdfs", "file_roll", "hive", "hbase", "hbase2", "asynchbase", "morphline_solr"}
POSITION_MS = 3000  # default of a TAILDIR source's writePosInterval
SPILLABLE_EVENTS = 10_000  # default of memoryCapacity


@dataclass(frozen=True)
class Flow:
    """One path of events through an agent.

    :param lost: what is lost at most, and when
    :param twice: what may come more than once, and when
    """

    agent: str
    source: str
    channel: str
    sinks: str
    lost: str
    twice: str

    def __str__(self) -> str:
        path = f"{self.agent}: {self.source} → {self.channel} → {self.sinks}"
        return f"{path}: {self.lost}; {self.twice}" if self.twice else f"{path}: {self.lost}"


def guarantees(conf: Conf) -> list[str]:
    """Return one line a flow, and one for the events that a selector drops."""
    lines: list[str] = []
    for agent in conf.agents.values():
        running = alive(agent)
        for name in agent.sources:
            if name in running["source"]:
                lines += _of_source(agent, agent.sources[name], running)
        lines += _without_source(agent, running)
    return lines


def _of_source(agent: Agent, source: Component, running: dict[str, set[str]]) -> Iterator[str]:
    for name in channels_of(source):
        if name in running["channel"]:
            channel = agent.channels[name]
            shown = f"{name} ({_told_type(channel)}{_selected(source, name)})"
            yield str(_flow(source, channel, shown, sorted_sinks(channel, running["sink"])))
    if selector_type(source) == "multiplexing" and not source.get("selector.default"):
        header = source.text("selector.header", "flume.selector.header")
        yield (
            f"{agent.name}: {source.name} → nowhere: events without a mapped value of the header "
            f"{header} are lost"
        )


def _without_source(agent: Agent, running: dict[str, set[str]]) -> Iterator[str]:
    """Yield the flows that begin in a channel which others fill: Kafka's."""
    fed = {name for source in running["source"] for name in channels_of(agent.sources[source])}
    for name in agent.channels:
        channel = agent.channels[name]
        if name in running["channel"] and name not in fed and channel.short_type == KAFKA_CHANNEL:
            sinks = sorted_sinks(channel, running["sink"])
            flow = _flow(None, channel, f"{name} ({_told_type(channel)})", sinks)
            yield str(flow)


def sorted_sinks(channel: Component, running: set[str]) -> list[Component]:
    """Return the sinks that run and empty a channel, in the order of the file."""
    sinks = channel.agent.sinks
    return [
        sinks[name]
        for name in sinks
        if name in running and sinks[name].text("channel") == channel.name
    ]


def _flow(source: Component | None, channel: Component, shown: str, sinks: list[Component]) -> Flow:
    agent, name = channel.agent.name, source.name if source else "Kafka"
    if not sinks:
        return Flow(agent, name, shown, "no sink", "nothing is delivered", "")
    parts = (_at_source(source), _in_channel(channel, source), *_at_sinks(sinks))
    lost = [part for part in parts if part]
    if source and channel.name in source.text("selector.optional").split():
        lost.append("events are lost while the channel is full: it is optional")
    told = " and ".join(lost) if lost else "nothing is lost"
    return Flow(agent, name, shown, sinks_told(sinks), told, _twice(source, channel, sinks))


def _told_type(channel: Component) -> str:
    return "kafka" if channel.short_type == KAFKA_CHANNEL else channel.type.rpartition(".")[2]


def _selected(source: Component, channel: str) -> str:
    """Return for which header values a multiplexing selector chooses a channel."""
    if selector_type(source) != "multiplexing":
        return ""
    header = source.text("selector.header", "flume.selector.header")
    values = [
        value
        for value, setting in source.below("selector.mapping.").items()
        if channel in setting.value.split()
    ]
    told = [f"{header} = {' or '.join(values)}"] if values else []
    if channel in source.text("selector.default").split():
        told.append("default")
    return f", if {', '.join(told)}" if told else ", never chosen"


def sinks_told(sinks: list[Component]) -> str:
    """Return the names of a channel's sinks and how they share the work."""
    names = [sink.name for sink in sinks]
    if len(sinks) == 1:
        return names[0]
    for group in sinks[0].agent.sinkgroups.values():
        members = group.text("sinks").split()
        if group.listed and all(name in members for name in names):
            type_ = group.text("processor.type").rpartition(".")[2]
            return f"{' or '.join(names)} ({type_})"
    return f"{' or '.join(names)} (each event to one of them)"


def _at_source(source: Component | None) -> str:
    type_ = source.short_type if source else KAFKA_SOURCE
    if type_ == "exec":
        return "what the command prints while the agent is down or the channel full is lost"
    if type_ in UNANSWERED:
        return "what is sent while the agent is down or the channel full is lost"
    if type_ in REREADS or type_ in ANSWERS or type_ in ("seq",):
        return ""
    return "what the custom source promises is not known"


def _in_channel(channel: Component, source: Component | None) -> str:
    type_ = channel.short_type
    if type_ == HANDOFF:
        again = source is not None and source.short_type in REREADS | ANSWERS
        return "" if again else "the batch under way is lost when the agent is killed"
    if type_ == "memory":
        events = capacity_of(channel)
        told = f"{events:,} events" if events else "as many events as its capacity"
        return f"at most {told} lost when the agent is killed"
    if type_ == "spillablememory":
        events = channel.number("memoryCapacity", SPILLABLE_EVENTS)
        return f"at most {events or 0:,} events lost when the agent is killed"
    if type_ in ("file", "jdbc"):
        return ""
    if type_ == KAFKA_CHANNEL:
        acks = channel.text("kafka.producer.acks", "all")
        return "" if acks in ("all", "-1") else f"with acks = {acks}, what a broker loses is lost"
    return "what the custom channel promises is not known"


def _at_sinks(sinks: list[Component]) -> Iterator[str]:
    types = {sink.short_type for sink in sinks}
    if "null" in types:
        yield "every event of the null sink is thrown away"
    if "logger" in types:
        yield "the logger sink keeps an event only in the agent's log"
    if KAFKA_SINK in types:
        acks = {sink.text("kafka.producer.acks", "1") for sink in sinks} - {"all", "-1"}
        if acks:
            yield f"with acks = {min(acks)}, what a broker loses is lost"
    if unknown := types - AWAIT_ANSWER - WRITE - {"null", "logger", "irc"}:
        yield f"what the sink {min(unknown).rpartition('.')[2]} promises is not known"


def _twice(source: Component | None, channel: Component, sinks: list[Component]) -> str:
    """Say what may come more than once."""
    if source and (source.is_a(GROWING_LOG) or source.text("deserializer") in IDENTITY):
        return "what comes again has the same identity, so a receiver can leave it out"
    if any(sink.short_type in AWAIT_ANSWER for sink in sinks):
        told = "no duplicates without a lost answer"
    elif any(sink.short_type in WRITE for sink in sinks):
        told = "no duplicates without a failed write"
    else:
        told = "no duplicates"
    if source and source.short_type in ANSWERS and "lost answer" not in told:
        told += " or a lost answer" if " without " in told else " without a lost answer"
    if again := _after_kill(source):
        told += f", or a kill: then {again}"
    if source and len(channels_of(source)) > 1 and selector_type(source) != "load_balancing":
        told += ", or another full channel: then a batch comes here again"
    return told


def _after_kill(source: Component | None) -> str:
    if not source or source.short_type not in REREADS:
        return ""
    if source.is_a("taildir"):  # it notes its positions by the clock, not by batches
        seconds = (source.number("writePosInterval", POSITION_MS) or POSITION_MS) / 1000
        return f"what was read in the last {seconds:g} s comes again"
    batch = batch_of(source)
    return f"up to {batch[1]:,} events come again" if batch else "a batch comes again"
