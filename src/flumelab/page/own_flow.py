"""The flow of a user's own program and conf, as far as the conf shows it."""

from collections.abc import Mapping
from typing import Any

from flumelab.errors import LabError
from flumelab.own import conf as confs
from flumelab.own.conf import AgentConf
from flumelab.own.services import FLUME
from flumelab.page.agent_flow import add_channel_and_sink, add_sources, ways_of
from flumelab.page.flow import FlowPlan, HopPlan
from flumelab.page.place import Place

PROGRAM = "program"


def plan(place: Place, progress: Mapping[str, Any]) -> FlowPlan:
    """Return the flow from the log through the agent to the program."""
    flow = FlowPlan()
    own = place.own or {}
    before = None
    if own.get("lines_in") is not None:
        log = HopPlan("input", "input", str(own.get("log", "")), "", "", ("input", ""))
        before = flow.add(flow.trunk, log, ())
    conf = _agent(place, own.get("agent"))
    ends = _add_agent(flow, conf, before, progress) if conf else ([before] if before else [])
    queries = progress.get("queries") or {}
    if progress.get("stored") or not queries:
        chain = flow.end if flow.ways else flow.trunk
        stored = HopPlan("receiver", "receiver", "in Spark", "", PROGRAM, ("own stored", ""))
        flow.add(chain, stored, ends, "push", compares=len(ends) == 1, connection=True)
        counted = HopPlan("batches", "batches", place.program, "", PROGRAM, ("own counted", ""))
        ends = [flow.add(chain, counted, [stored.id], "blocks")]
    for name in queries:
        hop = HopPlan(
            f"query:{name}", "query", name, place.program, PROGRAM, ("rows", name),
            "rows",
        )  # fmt: skip
        flow.add(flow.end if flow.ways else flow.trunk, hop, ends, "read", len(ends) == 1)
    return flow


def _agent(place: Place, agent: str | None) -> AgentConf | None:
    try:
        return confs.read(place.conf, agent)
    except LabError:
        return None


def _add_agent(
    flow: FlowPlan, conf: AgentConf, before: str | None, progress: Mapping[str, Any]
) -> list[str]:
    ports = frozenset(progress.get("listens") or ()) or None
    feeding = {sink.name for sink in conf.spark_sinks(ports)}
    sources = add_sources(flow, conf, FLUME, before)
    ways = ways_of(conf)
    ends = []
    for way in ways:
        chain = flow.trunk if len(ways) == 1 else flow.new_way()
        last = add_channel_and_sink(flow, chain, way, FLUME, sources, len(ways) == 1)
        if way[1].name in feeding:
            ends.append(last)
    return ends
