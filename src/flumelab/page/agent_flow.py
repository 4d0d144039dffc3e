"""The hops of a Flume agent: its sources, channels and sinks, as its conf connects them."""

from collections.abc import Sequence

from flumelab.own.conf import SPARK_SINK, AgentConf, Component
from flumelab.page.flow import FlowPlan, HopPlan

TYPE_CHARACTERS = 24  # long types are names of classes


def add_sources(flow: FlowPlan, conf: AgentConf, part: str, before: str | None) -> list[str]:
    """Add the sources at the end of the trunk; return their ids.

    :param part: the service that runs the agent
    """
    return [
        flow.add(
            flow.trunk,
            HopPlan(
                f"source:{source.name}", "source", source.name, shown_type(source), part,
                ("source", source.name),
            ),
            [before] if before else [],
            "read",
            compares=len(conf.sources) == 1,
        )
        for source in conf.sources.values()
    ]  # fmt: skip


def add_channel_and_sink(
    flow: FlowPlan,
    chain: list[str],
    way: tuple[Component, Component],
    part: str,
    sources: Sequence[str],
    compares: bool,
) -> str:
    """Add a way's channel and sink; return the sink's id.

    :param compares: False where a selector gives the channel only some of the events
    """
    channel, sink = way
    hop = HopPlan(
        f"channel:{channel.name}", "channel", channel.name, shown_type(channel), part,
        ("channel", channel.name),
    )  # fmt: skip
    last = flow.add(chain, hop, sources, "put", compares=compares and len(sources) == 1)
    hop = HopPlan(
        f"sink:{sink.name}", "sink", sink.name, shown_type(sink), part, ("sink", sink.name)
    )
    return flow.add(chain, hop, [last], "take")


def ways_of(conf: AgentConf) -> list[tuple[Component, Component]]:
    """Return each sink with its channel, in the conf's order."""
    return [
        (conf.channels[name], sink)
        for sink in conf.sinks.values()
        if (name := sink.settings.get("channel", "")) in conf.channels
    ]


def shown_type(component: Component) -> str:
    """Return a component's type; of a class, its last name."""
    if component.type == SPARK_SINK:
        return "SparkSink"
    return component.type.rpartition(".")[2][:TYPE_CHARACTERS]
