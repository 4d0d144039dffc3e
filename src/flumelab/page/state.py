"""What the page shows, as `/api/v1/state` sends it: dataclasses whose fields are the JSON's keys.

Times are seconds since 1970. A number that is not known is None (null), and never 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from flumelab.page.offered import Controls

API_VERSION = 1

RUNNING, STARTING, STUCK, DEAD, DOWN = "running", "starting", "stuck", "dead", "down"
"""The states of a part and of a hop. dead: ended by itself; down: stopped, or not started yet."""


@dataclass(frozen=True)
class Part:
    """A process or container of the lab.

    :param state: running, starting, stuck, dead or down
    :param reason: one sentence that says why, and what to do; empty if it runs
    """

    name: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class Fill:
    """How full a channel is: `events` of `capacity`."""

    events: int
    capacity: int

    @property
    def percent(self) -> float:
        """0 to 100."""
        return 100 * self.events / self.capacity if self.capacity else 0.0


@dataclass(frozen=True)
class Hop:
    """A place that lines pass.

    :param id: its name in `Link`, in `Flow` and in the history
    :param kind: generator, spool, source, channel, sink, receiver, log, batches, query, store,
        topic, bucket or input
    :param part: the `Part` in which it is; empty for files
    :param lines: lines that have passed it since the lab began
    :param rate: lines a second now
    :param unit: what is counted: lines, or rows or values of the program's own
    """

    id: str
    kind: str
    name: str
    detail: str
    part: str
    state: str
    reason: str
    lines: int | None
    rate: float | None
    unit: str = "lines"
    fill: Fill | None = None


@dataclass(frozen=True)
class Link:
    """The way from one hop to the next.

    :param lines: the lag in lines: how many have passed `source` and not yet `target`
    :param seconds: the lag in seconds: for how long the oldest of them has waited
    :param trend: grows, shrinks, steady, or none if there was no lag in the last seconds
    :param note: what Flume or Spark does on this way: push, fetch, rename
    """

    source: str
    target: str
    lines: int | None
    seconds: float | None
    trend: str
    note: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Flow:
    """How the hops are drawn: a trunk, then the ways side by side, then what they share again."""

    trunk: Sequence[str]
    ways: Sequence[Sequence[str]]
    end: Sequence[str]


@dataclass(frozen=True)
class Batch:
    """A micro-batch of DStreams; durations in seconds, None while it is not known yet."""

    time: float
    rows: int
    scheduling: float | None
    processing: float | None
    done: bool


@dataclass(frozen=True)
class Window:
    """A window of the program, in seconds."""

    length: float
    slide: float


@dataclass(frozen=True)
class Streams:
    """What Spark says of a program of DStreams.

    :param interval: the batch interval in seconds; processing that takes longer is unstable
    :param waiting: micro-batches that wait or run
    :param batches: the last ones, the oldest first
    """

    interval: float
    waiting: int
    windows: Sequence[Window] = ()
    batches: Sequence[Batch] = ()


@dataclass(frozen=True)
class Query:
    """The last progress of a query of Structured Streaming.

    :param rows: rows of the last micro-batch; `rate`: rows a second that it has processed
    :param duration: of that micro-batch, in seconds; `durations` has the parts of it
    :param event_lag: seconds from the watermark to the latest event time that it has seen
    :param dropped: rows that came after the watermark, in that micro-batch
    """

    name: str
    batch: int
    time: float
    rows: int
    rate: float
    duration: float
    durations: Mapping[str, float]
    watermark: float | None
    event_time: float | None
    event_lag: float | None
    state_rows: int | None
    dropped: int


@dataclass(frozen=True)
class Key:
    """A key that the program counts, beside the generator's number; None if it has none."""

    key: str
    counted: int | None
    generated: int | None


@dataclass(frozen=True)
class Counts:
    """The keys to show: those that differ first, then those with the largest counts.

    :param keys: how many keys there are; `differing`: how many of them differ
    :param compared: whether the generator's numbers are known
    """

    title: str
    rows: Sequence[Key]
    keys: int
    differing: int
    compared: bool


@dataclass(frozen=True)
class LedgerHop:
    """A row of the ledger; `missing`: lines that the hop before has and this one has not."""

    name: str
    source: str
    lines: int
    missing: int


@dataclass(frozen=True)
class Ledger:
    """The ledger, as `flumelab ledger` prints it.

    :param verdict: balanced, right (counted right, though a hop differs), counting, unbalanced,
        empty, or none while there is nothing to compare with
    :param says: the verdict in words
    :param seconds: how long the last feed took from its first line until it was balanced
    :param lost: lines; like `malformed` and `duplicated` known only where each line is one key
    :param truth: whether a generator made the lines, so that the true numbers are known; if not,
        each hop is compared with the one before
    """

    hops: Sequence[LedgerHop]
    verdict: str
    says: str
    seconds: float | None = None
    malformed: int | None = None
    lost: int | None = None
    duplicated: int | None = None
    truth: bool = True


@dataclass(frozen=True)
class Mark:
    """`kind`: fed, balanced, dead, stuck, back, cut, mended, up or down."""

    time: float
    kind: str
    text: str


@dataclass(frozen=True)
class Lab:
    """Which lab is shown.

    :param lesson: the lesson's name; empty for a program of the user's own
    :param state: running, starting, broken (a part is dead or stuck) or down
    :param standing: whether it is the lab of `flumelab up`, to which feed, kill and the rest apply
    :param says: the state in one sentence
    :param unseen: what this page cannot see, and what shows it, in one sentence; empty if nothing
    """

    runtime: str
    lesson: str
    program: str
    state: str
    says: str
    standing: bool = True
    unseen: str = ""


@dataclass(frozen=True)
class Sign:
    """A known sign that something is wrong, as `flumelab status` prints it.

    :param level: stuck, loss or warning
    :param says: place, fact and remedy in one sentence
    :param since: when it began; None if nothing tells
    """

    name: str
    part: str
    level: str
    place: str
    says: str
    since: float | None


@dataclass(frozen=True)
class State:
    """All that is known at one moment. `sample` counts up; `took`: seconds to ask all parts."""

    sample: int
    time: float
    lab: Lab
    flow: Flow
    hops: Sequence[Hop] = ()
    links: Sequence[Link] = ()
    parts: Sequence[Part] = ()
    streams: Streams | None = None
    queries: Sequence[Query] = ()
    counts: Counts | None = None
    ledger: Ledger | None = None
    marks: Sequence[Mark] = ()
    signs: Sequence[Sign] = ()
    control: Controls = field(default_factory=lambda: Controls(False))
    took: float = 0.0
    version: int = field(default=API_VERSION)

    def as_json(self) -> dict[str, Any]:
        """As the API sends it."""
        return asdict(self)
