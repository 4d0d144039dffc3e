"""The flow of a user's own program and conf, as far as the conf shows it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flumelab.own import saved
from flumelab.own.conf import SPARK_SINK, AgentConf
from flumelab.own.services import FLUME, PROGRAM
from flumelab.page import own_input
from flumelab.page.agent_flow import add_channel_and_sink, add_sources, ways_of
from flumelab.page.flow import FlowPlan, HopPlan
from flumelab.page.place import Place


def plan(place: Place, progress: Mapping[str, Any]) -> FlowPlan:
    """Return the flow from the log through the agent to the program."""
    flow = FlowPlan()
    own = place.own or {}
    conf = saved.conf_of(own)
    before = None
    if own_input.is_known(own):
        log = HopPlan("input", "input", "files" if conf else "log", "", "", ("input", ""))
        before = flow.add(flow.trunk, log, ())
    ends = _add_agent(flow, conf, before, progress) if conf else ([before] if before else [])
    _add_program(flow, place.program, ends, progress)
    return flow


def _add_program(
    flow: FlowPlan, program: str, ends: Sequence[str], progress: Mapping[str, Any]
) -> None:
    """Add what Spark says of the program; before it says anything, a receiver."""
    queries = list(progress.get("queries") or ())
    chain = flow.end if flow.ways else flow.trunk
    compares = len(ends) == 1
    if progress.get("receivers") or not (queries or progress.get("files")):
        stored = HopPlan("receiver", "receiver", "in Spark", "", PROGRAM, ("own stored", ""))
        note = "fetch" if progress.get("polls") else "push"
        flow.add(chain, stored, ends, note, compares, connection=True)
        counted = HopPlan("batches", "batches", program, "", PROGRAM, ("own counted", ""))
        flow.add(chain, counted, [stored.id], "blocks")
    elif progress.get("files"):
        read = HopPlan("batches", "batches", program, "", PROGRAM, ("own read", ""))
        flow.add(chain, read, ends, "read", compares)
    beside = len(queries) > 1 and not flow.ways
    for name in queries:
        hop = HopPlan(
            f"query:{name}", "query", name, program, PROGRAM, ("rows", name), "rows",
        )  # fmt: skip
        flow.add(flow.new_way() if beside else chain, hop, ends, "read", compares)


def ports_of(conf: AgentConf, progress: Mapping[str, Any]) -> frozenset[int] | None:
    """Return the ports on which the program listens, and to which a sink sends; None: unknown."""
    sinks = [sink for sink in conf.spark_sinks() if sink.type != SPARK_SINK]
    sent = {int(sink.settings["port"]) for sink in sinks}
    return frozenset(progress.get("listens") or ()) & sent or None


def _add_agent(
    flow: FlowPlan, conf: AgentConf, before: str | None, progress: Mapping[str, Any]
) -> list[str]:
    folders = {Path(folder) for folder in progress.get("folders") or ()}
    feeding = {
        sink.name for sink in conf.spark_sinks(ports_of(conf, progress)) or conf.sinks_into(folders)
    }
    sources = add_sources(flow, conf, FLUME, before)
    ways = ways_of(conf)
    ends = []
    for way in ways:
        chain = flow.trunk if len(ways) == 1 else flow.new_way()
        last = add_channel_and_sink(flow, chain, way, FLUME, sources, len(ways) == 1)
        if way[1].name in feeding:
            ends.append(last)
    return ends
