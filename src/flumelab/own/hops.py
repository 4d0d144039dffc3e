"""The lines at each hop of a user's own flow, for which no generator knows the true numbers.

A flow is right if every hop has as many lines as the one before it. If two hops differ, the first
difference shows where lines were lost, filtered out or repeated. A hop whose lines the lab cannot
count is shown as not seen, and is left out of the comparison. A multiplexing selector sends some
lines to channels that do not feed the program, so a part of the lines is right there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flumelab.ledger import Metrics
from flumelab.own.conf import AgentConf, Component


@dataclass(frozen=True)
class Hop:
    """The lines at one place.

    :param lines: their number; None if the lab does not see it
    :param source: what was counted there, or why nothing could be counted
    :param note: why lines are missing there, with the remedy; empty if nothing is known
    :param part: whether a selector sends only a part of the lines there
    """

    name: str
    lines: int | None
    source: str
    note: str = ""
    part: bool = False


@dataclass(frozen=True)
class Hops:
    """All hops of a flow, in order."""

    hops: Sequence[Hop]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Name and lines of each hop that the lab sees."""
        return [(hop.name, hop.lines) for hop in self.hops if hop.lines is not None]

    @property
    def for_signs(self) -> list[tuple[str, int]]:
        """What Flume has sent and Spark has counted, as `flumelab.signs` names the hops."""
        counts = dict(self.counts)
        sent = next((lines for name, lines in self.counts if name.startswith("sink ")), None)
        if sent is None or "Spark counted" not in counts:
            return []
        return [("Flume sent", sent), ("counted", counts["Spark counted"])]

    @property
    def in_channel(self) -> int:
        """The lines that wait in Flume's channel."""
        by_kind = {name.partition(" ")[0]: lines for name, lines in self.counts}
        return max(0, by_kind.get("channel", 0) - by_kind.get("sink", 0))

    @property
    def unseen(self) -> list[str]:
        """The names of the hops that the lab does not see."""
        return [hop.name for hop in self.hops if hop.lines is None]

    @property
    def missing(self) -> list[tuple[Hop, int]]:
        """Each hop that the lab sees, with the lines that only the hop before it has."""
        seen = [(hop, hop.lines) for hop in self.hops if hop.lines is not None]
        before = [seen[0], *seen] if seen else []
        pairs = ((hop, last - lines) for (hop, lines), (_, last) in zip(seen, before, strict=False))
        return [(hop, min(0, lines) if hop.part else lines) for hop, lines in pairs]

    @property
    def differs_at(self) -> str | None:
        """The first hop whose number differs from the hop before; None if all agree."""
        return next((hop.name for hop, lines in self.missing if lines), None)

    @property
    def agree(self) -> bool | None:
        """Whether every hop has the same number of lines, and it is not 0.

        None if the lab sees no hop at all.
        """
        if not self.counts:
            return None
        return self.differs_at is None and any(lines for _, lines in self.counts)

    @property
    def verdict(self) -> str:
        """The verdict in words, for the terminal and for the page."""
        unseen = f"; not seen: {', '.join(self.unseen)}" if self.unseen else ""
        if self.agree is None:
            return "no truth known: the lab sees no hop of this program"
        if self.agree:
            return f"no truth known: hops agree{unseen}"
        if self.differs_at:
            return f"no truth known: hops differ at {self.differs_at}{unseen}"
        return f"no truth known: nothing was counted{unseen}"

    def as_text(self) -> str:
        """The numbers in one line."""
        return ", ".join(f"{name}: {lines:,}" for name, lines in self.counts)

    def as_json(self, program: str) -> dict[str, Any]:
        """As `flumelab run PROGRAM --json` prints it; the lines of an unseen hop are null."""
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
    given: Hop | None,
    ports: frozenset[int] | None,
) -> Hops:
    """Return the hops of a run.

    :param conf: the agent; None for a program without Flume
    :param runs: Flume's metrics of each run of the agent
    :param progress: as `flumelab.own.progress` writes it
    :param given: the hop of the input; None if the lab knows of no input
    :param ports: the ports on which the program listens, as for `AgentConf.spark_sinks`
    """
    found = [given] if given else []
    folders = {Path(folder) for folder in progress.get("folders") or ()}
    sinks = conf.spark_sinks(ports) or conf.sinks_into(folders) if conf else []
    if conf and sinks:
        found += _flume(conf, sinks, runs)
    if (sockets := progress.get("sockets")) and not conf:
        sent = sum(served["lines"] for served in sockets.values())
        found.append(Hop(f"socket {', '.join(sockets)}", sent, "lines that the lab has served"))
    return Hops([*found, *_spark(progress, feeds_receiver=bool(conf and conf.spark_sinks(ports)))])


def _spark(progress: Mapping[str, Any], feeds_receiver: bool) -> list[Hop]:
    found = []
    queries = progress.get("queries") or {}
    files = progress.get("files")
    if progress.get("receivers") or progress.get("stored"):
        feeds_receiver = True
    elif queries or files or progress.get("other_streams"):
        feeds_receiver = False
    if feeds_receiver:
        found.append(Hop("Spark stored", progress.get("stored", 0), "events its receivers kept"))
        found.append(Hop("Spark counted", progress.get("counted", 0), "events in finished batches"))
    if files:
        unsure, grown = files["unsure"], files.get("grown")
        note = (
            f"{grown} was written on after Spark had read it, and Spark reads a file once; write "
            "files elsewhere and rename them into the folder, or let an avro sink feed the program"
        )
        found.append(
            Hop(
                "Spark read",
                None if unsure else files["lines"],
                unsure or "lines in the files of finished batches",
                note if grown and not unsure else "",
            )
        )
    for kind in progress.get("other_streams") or ():
        found.append(Hop(kind, None, "Spark counts no lines of such a stream"))
    found += [Hop(f"query {name}", rows, "rows it has read") for name, rows in queries.items()]
    return found or [Hop("Spark", None, "the program has no stream or query")]


def _flume(conf: AgentConf, sinks: Sequence[Component], runs: Sequence[Metrics]) -> list[Hop]:
    names = {sink.settings.get("channel", "") for sink in sinks}
    channels = [channel for channel in conf.channels.values() if channel.name in names]
    sources = [source for source in conf.sources.values() if _channels(source) & names]
    # Some sources, such as netcat, have no counters.
    counting = [each for each in sources if any(f"SOURCE.{each.name}" in run for run in runs)]
    part = _sum("channel", channels, "EventPutSuccessCount", "put in", runs)
    every = [part]
    if any(_multiplexes(source) and _channels(source) - names for source in sources):
        every = [replace(part, source="put in by the selector", part=True)]
        if fed := _one_channel_each(conf, sources):
            every.insert(0, _sum("channel", fed, "EventPutSuccessCount", "put in", runs))
    accepted = [_sum("source", counting, "EventAcceptedCount", "accepted", runs)]
    if counting and (every[0].lines or 0) < (accepted[0].lines or 0):
        every[0] = replace(every[0], note=_filters(sources))
    return [
        *(accepted if counting else []),
        *every,
        _sum("sink", sinks, "EventDrainSuccessCount", "answered OK", runs),
    ]


def _filters(sources: Sequence[Component]) -> str:
    """Which interceptors may have left lines out; empty if none can."""
    found = [
        f"interceptor {name} (regex_filter) of source {source.name}"
        for source in sources
        for name in source.settings.get("interceptors", "").split()
        if source.settings.get(f"interceptors.{name}.type", "").lower() == "regex_filter"
    ]
    if not found:
        return ""
    return f"{' and '.join(found)} can leave lines out; compare what is missing with its regex"


def _one_channel_each(conf: AgentConf, sources: Sequence[Component]) -> list[Component]:
    """The channels of these sources, if each event goes into one of them, and no other's events."""
    names = {name for source in sources for name in _channels(source)}
    others = [source for source in conf.sources.values() if source not in sources]
    if not all(map(_into_one, sources)) or any(_channels(other) & names for other in others):
        return []
    return [channel for channel in conf.channels.values() if channel.name in names]


def _multiplexes(source: Component) -> bool:
    return source.settings.get("selector.type", "").lower() == "multiplexing"


def _into_one(source: Component) -> bool:
    if not _multiplexes(source):
        return len(_channels(source)) == 1
    if any(key.startswith("selector.optional") for key in source.settings):
        return False
    kinds = ("selector.mapping.", "selector.default")
    goals = [value for key, value in source.settings.items() if key.startswith(kinds)]
    return all(len(goal.split()) == 1 for goal in goals)


def _sum(
    kind: str, parts: Sequence[Component], counter: str, meaning: str, runs: Sequence[Metrics]
) -> Hop:
    keys = [f"{kind.upper()}.{part.name}" for part in parts]
    lines = sum(int(run.get(key, {}).get(counter, 0)) for run in runs for key in keys)
    return Hop(f"{kind} {', '.join(part.name for part in parts)}", lines, meaning)


def _channels(source: Component) -> set[str]:
    return set(source.settings.get("channels", "").split())
