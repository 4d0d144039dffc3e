"""The flow of a lesson, from the catalogue and from the agent's conf."""

from collections.abc import Sequence
from pathlib import Path

from flumelab.errors import LabError
from flumelab.lessons.catalogue import EVENTS, Input, Lesson, Program
from flumelab.own import conf as confs
from flumelab.own.conf import AgentConf
from flumelab.own.services import FLUME
from flumelab.page.agent_flow import add_channel_and_sink, add_sources, ways_of
from flumelab.page.flow import FlowPlan, HopPlan

PLACES = {
    Input.KAFKA: HopPlan("topic", "topic", "lines", "Kafka", "kafka", ("sent", "")),
    Input.S3: HopPlan("bucket", "bucket", "lab", "S3", "s3", ("sent", "")),
    Input.FILES: HopPlan("spool", "spool", "files", "", "", ("spooled", "")),
}
SEVERAL_KEYS = ("hashtags",)
"""The scenarios of which a line has any number of keys."""
QUERY = "query"
"""The id of a program's only query, or of one whose name is not known yet."""
TOTALS = "totals"
"""The query that writes the totals, in a program with several queries."""


def plan(
    lesson: Lesson,
    conf: Path,
    queries: Sequence[str],
    agent: str = FLUME,
    database: bool = False,
    all_keys: bool = True,
) -> FlowPlan:
    """Return the flow of a lesson.

    :param conf: the agent's conf, if the lesson uses Flume
    :param queries: the names of its queries of Structured Streaming, as far as they are known
    :param agent: the service that runs the agent
    :param database: whether the result store is a database server
    :param all_keys: whether the answer has every key of every line
    """
    flow = FlowPlan()
    generator = HopPlan("generator", "generator", lesson.scenario, "loadgen", "", ("generated", ""))
    flow.add(flow.trunk, generator, ())
    if lesson.uses_flume:
        spool = HopPlan("spool", "spool", "files", "", "", ("spooled", ""))
        flow.add(flow.trunk, spool, [generator.id], "append" if lesson.appends else "rename")
        ends = _add_agent(flow, lesson, _agent(conf), agent, queries)
    else:
        ends = _add_reader(flow, lesson.program, queries)
    one_key_a_line = lesson.answer == EVENTS and lesson.scenario not in SEVERAL_KEYS
    counts_lines = one_key_a_line and all_keys
    store = HopPlan(
        "store", "store", "totals", "MariaDB" if database else "SQLite", "db" if database else "",
        ("counted", ""), "lines" if counts_lines else "values",
    )  # fmt: skip
    flow.add(flow.end, store, ends, "store", compares=counts_lines and len(ends) == 1)
    return flow


def _agent(conf: Path) -> AgentConf | None:
    try:
        return confs.read(conf)
    except LabError:
        return None  # someone edits it; the flow is drawn without its parts


def _add_agent(
    flow: FlowPlan, lesson: Lesson, conf: AgentConf | None, agent: str, queries: Sequence[str]
) -> list[str]:
    """Add the agent and the programs; return the hops that write to the result store."""
    if conf is None:
        return ["spool"]
    sources = add_sources(flow, conf, agent, "spool")
    ends = []
    ways = ways_of(conf)
    for number, (channel, sink) in enumerate(ways):
        chain = flow.trunk if len(ways) == 1 else flow.new_way()
        last = add_channel_and_sink(flow, chain, (channel, sink), agent, sources, len(ways) == 1)
        program = lesson.programs[min(number, len(lesson.programs) - 1)]
        ends += _add_program(flow, chain, last, program, queries)
    return ends


def _add_program(
    flow: FlowPlan, chain: list[str], sink: str, program: Program, queries: Sequence[str]
) -> list[str]:
    if program.reads is Input.LANDING:
        log = HopPlan("log", "log", "on disk", "receiver", "receiver", ("landed", ""))
        flow.add(chain, log, [sink], "push", connection=True)
        return _add_queries(flow, chain, log.id, program, queries, "query")
    pulls = program.reads is Input.PULL
    receiver = HopPlan(
        "receiver", "receiver", "poller" if pulls else "in Spark", "", program.service,
        ("stored", ""),
    )  # fmt: skip
    flow.add(chain, receiver, [sink], "fetch" if pulls else "push", connection=True)
    return _add_batches(flow, chain, program)


def _add_batches(flow: FlowPlan, chain: list[str], program: Program) -> list[str]:
    batches = HopPlan("batches", "batches", program.file, "", program.service, ("processed", ""))
    return [flow.add(chain, batches, ["receiver"], "blocks")]


def _add_queries(
    flow: FlowPlan,
    chain: list[str],
    before: str,
    program: Program,
    queries: Sequence[str],
    measure: str,
) -> list[str]:
    """Add the queries side by side; return the one with the totals, or else all."""
    names = list(queries) or [""]
    beside = len(names) > 1 and chain is flow.trunk
    ends = {}
    for name in names if beside else names[:1]:
        # A single query has the same id before and after Spark has told its name: so its rate, its
        # lag and its time series go on.
        hop = HopPlan(
            f"query:{name}" if beside else QUERY, "query", name or "not known yet",
            program.file, program.service, (measure, name),
        )  # fmt: skip
        ends[name] = flow.add(flow.new_way() if beside else chain, hop, [before], "read")
    return [ends[TOTALS]] if TOTALS in ends else list(ends.values())


def _add_reader(flow: FlowPlan, program: Program, queries: Sequence[str]) -> list[str]:
    """Add the hops of a program that reads without Flume."""
    place = PLACES.get(program.reads)
    if place:
        flow.add(flow.trunk, place, ["generator"], "write")
        return _add_queries(flow, flow.trunk, place.id, program, queries, "rows")
    receiver = HopPlan("receiver", "receiver", "in Spark", "TCP", program.service, ("stored", ""))
    flow.add(flow.trunk, receiver, ["generator"], "send")
    return _add_batches(flow, flow.trunk, program)
