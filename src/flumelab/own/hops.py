"""The lines at each hop of a user's own flow, for which no generator knows the true numbers.

A flow is right if every hop has as many lines as the one before it. If two hops differ, the first
difference shows where lines were lost, filtered out or repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flumelab.ledger import Metrics
from flumelab.own.conf import AgentConf, Component


@dataclass(frozen=True)
class Hop:
    """The number of lines at one place; `source` says what was counted there."""

    name: str
    lines: int
    source: str


@dataclass(frozen=True)
class Hops:
    """All hops of a flow, in order."""

    hops: Sequence[Hop]

    @property
    def differs_at(self) -> str | None:
        """The first hop whose number differs from the hop before; None if all agree."""
        for before, hop in zip(self.hops, self.hops[1:], strict=False):
            if hop.lines != before.lines:
                return hop.name
        return None

    @property
    def agree(self) -> bool:
        """Whether every hop has the same number of lines, and it is not 0."""
        return self.differs_at is None and any(hop.lines for hop in self.hops)

    def as_json(self, program: str) -> dict[str, Any]:
        """As `flumelab run PROGRAM --json` prints it."""
        return {
            "program": program,
            "hops": [{"name": hop.name, "lines": hop.lines} for hop in self.hops],
            "agree": self.agree,
            "differs_at": self.differs_at,
        }


def of(
    conf: AgentConf | None,
    runs: Sequence[Metrics],
    progress: Mapping[str, Any],
    lines_in: int | None,
    ports: frozenset[int] | None,
) -> Hops:
    """Return the hops of a run.

    :param conf: the agent; None for a program without Flume
    :param runs: Flume's metrics of each run of the agent
    :param progress: as `flumelab.own.progress` writes it
    :param lines_in: lines of the input; None if the lab feeds nothing
    :param ports: the ports on which the program listens, as for `AgentConf.spark_sinks`
    """
    found = [] if lines_in is None else [Hop("input", lines_in, "lines of the log")]
    if conf:
        found += _flume(conf, runs, ports)
    queries = progress.get("queries") or {}
    if progress.get("stored") or not queries:
        found.append(Hop("Spark stored", progress.get("stored", 0), "events its receivers kept"))
        found.append(Hop("Spark counted", progress.get("counted", 0), "events in finished batches"))
    found += [Hop(f"query {name}", rows, "rows it has read") for name, rows in queries.items()]
    return Hops(found)


def _flume(conf: AgentConf, runs: Sequence[Metrics], ports: frozenset[int] | None) -> list[Hop]:
    sinks = conf.spark_sinks(ports)
    if not sinks:  # the program reads what another sink writes
        return []
    names = {sink.settings.get("channel", "") for sink in sinks}
    channels = [channel for channel in conf.channels.values() if channel.name in names]
    sources = [source for source in conf.sources.values() if _channels(source) & names]
    # Some sources, such as netcat, have no counters.
    counting = [each for each in sources if any(f"SOURCE.{each.name}" in run for run in runs)]
    return [
        *([_sum("source", counting, "EventAcceptedCount", "accepted", runs)] if counting else []),
        _sum("channel", channels, "EventPutSuccessCount", "put in", runs),
        _sum("sink", sinks, "EventDrainSuccessCount", "answered OK", runs),
    ]


def _sum(
    kind: str, parts: Sequence[Component], counter: str, meaning: str, runs: Sequence[Metrics]
) -> Hop:
    keys = [f"{kind.upper()}.{part.name}" for part in parts]
    lines = sum(int(run.get(key, {}).get(counter, 0)) for run in runs for key in keys)
    return Hop(f"{kind} {', '.join(part.name for part in parts)}", lines, meaning)


def _channels(source: Component) -> set[str]:
    return set(source.settings.get("channels", "").split())
