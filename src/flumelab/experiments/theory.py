"""The theory: how many lines a fault may cost, worked out from the conf and the program alone.

It rests on five facts about Flume and this lab:

1. Only a memory channel forgets: what it holds is gone if the agent is killed.
2. A spooldir source notes how far it has read after the channel has a batch. If the agent is killed
   in between, it reads that batch again. A handoff channel has a batch once the receiver has it.
3. A sink takes a batch out of its channel for good once it has the receiver's OK. Without an OK it
   sends the batch again; from a file channel, also after a kill.
4. What was answered OK is stored: in the landing log, or in Spark's write-ahead log.
5. A landing log keeps one event for each place in a file, if the events carry their places; so a
   line that comes again is dropped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flumelab.errors import LabError
from flumelab.experiments.experiment import Experiment, Fault
from flumelab.lessons.catalogue import Input
from flumelab.own.conf import AgentConf, Component

# Flume's defaults, for a conf that leaves them out.
CAPACITY, BATCH, TIMEOUT_MS = 100, 100, 20_000


@dataclass(frozen=True)
class Bound:
    """Lines, from `least` to `most`, both included."""

    least: int
    most: int

    def holds(self, lines: int) -> bool:
        """Whether this number is within."""
        return self.least <= lines <= self.most

    def __str__(self) -> str:
        if self.least == self.most:
            return f"{self.most:,}" if self.most else "none"
        return f"{self.least:,} to {self.most:,}" if self.least else f"at most {self.most:,}"


NONE = Bound(0, 0)
NO_LIMIT = 1_000_000  # times; a batch may come again as long as its OK is too late


@dataclass(frozen=True)
class Theory:
    """How many lines may be lost and come twice, and why.

    :param forgets: whether the channel is gone after the faults
    """

    lost: Bound
    twice: Bound
    reasons: tuple[str, ...]
    forgets: bool = False
    foreign: int = 0
    """How many lines may be counted that the generator did not make."""


MEMORY, FILE, HANDOFF = "memory", "file", "handoff"


def channel_word(channel: Component) -> str:
    """Return the kind of a channel; raises `LabError` for one that the theory does not know."""
    for kind, types in (
        (MEMORY, ("memory",)),
        (FILE, ("file",)),
        (HANDOFF, ("io.pysparkflume.flume.HandoffChannel",)),
    ):
        if channel.is_a(*types):
            return kind
    raise LabError(
        f"the theory knows no channel of type {channel.type}; use memory, file or handoff"
    )


@dataclass(frozen=True)
class _Flow:
    """What matters of a conf and a program."""

    channel: str
    capacity: int
    source_batch: int
    sink_batch: int
    timeout: float
    places: bool
    once: bool

    @property
    def memory(self) -> bool:
        return self.channel == MEMORY

    @classmethod
    def of(cls, experiment: Experiment, conf: AgentConf) -> "_Flow":
        [source] = conf.sources.values()
        [channel] = conf.channels.values()
        [sink] = conf.sinks.values()
        identity = "LineIdentityDeserializer" in source.settings.get("deserializer", "")
        return cls(
            channel=channel_word(channel),
            capacity=_number(channel.settings, "capacity", CAPACITY),
            source_batch=_number(source.settings, "batchSize", BATCH),
            sink_batch=_number(sink.settings, "batch-size", BATCH),
            timeout=_number(sink.settings, "request-timeout", TIMEOUT_MS) / 1000,
            places=identity,
            once=identity and experiment.reads is Input.LANDING,
        )


def of(experiment: Experiment, conf: AgentConf) -> Theory:
    """Work out what an experiment may cost."""
    flow = _Flow.of(experiment, conf)
    lost, why_lost = _lost(experiment, flow)
    repeats = [each for fault in experiment.faults for each in _repeats(fault, flow)]
    reasons = [why_lost, *(each.why for each in repeats)]
    sure = any(each.sure for each in repeats)
    twice = sum(each.most for each in repeats)
    if flow.once:
        twice, sure = 0, False
        reasons.append("A line that comes again has the same place, and the landing log drops it.")
    elif not repeats:
        reasons.append("No batch is sent again: each one gets its answer, or never arrived.")
    most = min(twice, experiment.load.lines)
    forgets = flow.memory and experiment.does("kill", "flume")
    foreign = 0
    if experiment.does("change-file") and not flow.places:
        foreign = 1
        reasons.append("Started at the end of a file, the source makes one empty event of it.")
    told = tuple(dict.fromkeys(reasons))
    return Theory(lost, Bound(int(sure), most), told, forgets, foreign)


def _lost(experiment: Experiment, flow: _Flow) -> tuple[Bound, str]:
    if flow.channel == FILE:
        return NONE, "The file channel is on disk: nothing that it holds is lost."
    if flow.channel == HANDOFF:
        return NONE, "The lines stay in their file until the receiver has them: none is lost."
    if not experiment.does("kill", "flume"):
        return NONE, "A memory channel forgets only if its agent is killed, and it is not."
    most = min(flow.capacity, experiment.load.lines)
    return Bound(0, most), (
        f"The memory channel is gone with the agent: at most its fill is lost, {most:,} lines."
    )


@dataclass(frozen=True)
class _Repeat:
    """Lines that a fault lets come again.

    :param sure: whether some come in any case, because an OK was on its way
    """

    most: int
    why: str
    sure: bool = False


def _repeats(fault: Fault, flow: _Flow) -> Iterator[_Repeat]:
    ok_is_lost = fault.at.hop == "answered"
    match fault.verb, fault.target:
        case "kill", "flume":
            why = f"The source may read a batch again that it has not noted: {flow.source_batch:,}."
            yield _Repeat(flow.source_batch, why, ok_is_lost and flow.channel == HANDOFF)
            if flow.channel == FILE:  # a handoff's batch is the source's own
                yield _without_ok("The agent is killed", flow, ok_is_lost)
        case "kill", "driver" | "receiver" | "worker":
            yield _without_ok("The receiver is killed", flow, ok_is_lost)
        case (("lose-ok" | "half-open"), _):
            yield _without_ok("The OK is lost", flow, True)
        case "slow", _ if fault.seconds >= flow.timeout:
            times = fault.times or NO_LIMIT
            yield _without_ok("The OK comes too late", flow, True, times)


def _without_ok(why: str, flow: _Flow, sure: bool, times: int = 1) -> _Repeat:
    batch = flow.sink_batch
    text = f"{why}, and the sink sends the batch without an OK again: {batch:,}."
    return _Repeat(times * batch, text, sure)


def _number(settings: Mapping[str, str], key: str, default: int) -> int:
    text = settings.get(key, "")
    return int(text) if text.isdecimal() else default
