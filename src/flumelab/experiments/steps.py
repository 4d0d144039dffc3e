"""What a picture shows: a step for each thing that happened, from one part of the flow to another.

A step takes one row, however long it took: so busy and idle times read alike.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from flumelab.experiments.evidence import Entry
from flumelab.experiments.experiment import PART_WORDS, Experiment
from flumelab.experiments.truth import told
from flumelab.lessons.catalogue import Input

LANES = ("file", "source", "channel", "sink", "receiver", "log", "micro-batch", "result")
WITHOUT_LOG = tuple(lane for lane in LANES if lane != "log")
FOREIGN = "not generated"
FLUME = ("source", "channel", "sink")


@dataclass(frozen=True)
class Step:
    """One row.

    :param style: data, ok, lost, twin, again, mark, fault or heal
    :param start: the lane in which an arrow begins; `end` likewise. Both are empty for a fault
    :param label: what stands at the arrow
    :param title: what a pointer over it shows, and what the list of steps says
    :param note: a sentence beside it, if it matters
    :param breaks: whether the arrow ends half-way
    :param dies: the lanes whose part ends here; `lives`: those whose part runs again
    """

    t: float
    style: str
    title: str
    start: str = ""
    end: str = ""
    label: str = ""
    note: str = ""
    breaks: bool = False
    dies: tuple[str, ...] = ()
    lives: tuple[str, ...] = ()


def lanes_of(experiment: Experiment) -> tuple[str, ...]:
    """The parts of the flow. Spark's own write-ahead log is not looked into, and has no lane."""
    return LANES if experiment.reads is Input.LANDING else WITHOUT_LOG


def of(
    entries: Sequence[Entry], experiment: Experiment, lost: Sequence[Sequence[int]]
) -> list[Step]:
    """Turn what was seen into steps.

    :param lost: the lines that were lost at last, as ranges
    """
    maker = _Maker(entries, experiment, lost)
    found = [step for entry in entries for step in maker.steps(entry)]
    begin = found[0].t if found else 0.0
    return [replace(step, t=step.t - begin) for step in found]


class _Maker:
    def __init__(
        self, entries: Sequence[Entry], experiment: Experiment, lost: Sequence[Sequence[int]]
    ) -> None:
        self._experiment, self._lost = experiment, lost
        self._has_log = experiment.reads is Input.LANDING
        self._requests = {e["id"]: e for e in entries if e["kind"] == "request"}
        self._dropped = {e["id"]: e["why"] for e in entries if e["kind"] == "lost-request"}
        self._names, self._twins = _named(list(self._requests.values()))
        self._landed = [e for e in entries if e["kind"] == "landed"]
        self._counted: Counter[int] = Counter()

    def steps(self, entry: Entry) -> Iterator[Step]:
        makers = {
            "file": self._file, "unwritten": self._unwritten, "source-ended": self._source_ended,
            "put": self._put,
            "request": self._request, "answer": self._answer,
            "landed": self._lands, "batch": self._batch, "stored": self._stored,
            "fault": self._fault, "heal": self._heal, "up": self._up,
        }  # fmt: skip
        if make := makers.get(entry["kind"]):
            yield from make(entry["t"], entry)

    def _file(self, t: float, entry: Entry) -> Iterator[Step]:
        lines = told(entry["lines"])
        title = f"A file with lines {lines} is renamed into the spool directory."
        yield Step(t, "mark", title, "file", "file", lines)

    def _unwritten(self, t: float, entry: Entry) -> Iterator[Step]:
        note = "The generator cannot write its next file, and tries again."
        yield Step(t, "lost", note, "file", "file", "not written", note)

    def _source_ended(self, t: float, entry: Entry) -> Iterator[Step]:
        note = "The source stops reading for good. Only Flume's log says so: a line with FATAL."
        yield Step(t, "lost", note, "source", "source", "stopped", note, dies=("source",))

    def _put(self, t: float, entry: Entry) -> Iterator[Step]:
        title = (
            f"The source puts {entry['new']:,} lines into the channel: {entry['total']:,} so far. "
            f"The channel holds {entry['fill']:,}."
        )
        label = f"+{entry['new']:,}, holds {entry['fill']:,}"
        yield Step(t, "data", title, "file", "channel", label)

    def _request(self, t: float, entry: Entry) -> Iterator[Step]:
        number, lines = entry["id"], told(entry["lines"])
        name = self._names[number]
        again = " again" if entry["again"] else ""
        dropped = self._dropped.get(number)
        style = "again" if again else "twin" if number in self._twins else "data"
        title = f"Batch {name}{again}: the sink sends {entry['events']:,} lines, {lines}."
        note = f"Batch {name} has no OK, so it is sent again." if again else ""
        if dropped:
            title += f" It does not arrive: {dropped}."
            note = f"Batch {name} does not arrive: {dropped}."
        yield Step(
            t, "lost" if dropped else style, title, "sink", "receiver",
            f"{name}{again}: {_short(entry['lines'])}", note, bool(dropped),
        )  # fmt: skip

    def _answer(self, t: float, entry: Entry) -> Iterator[Step]:
        number = entry["id"]
        name = self._names.get(number, "?")
        if entry["lost"]:
            said = "OK" if entry["ok"] else "answer"
            title = f"The {said} for batch {name} does not reach the sink: {entry['lost']}."
            note = (
                "The receiver has the batch. The sink does not know it."
                if entry["ok"]
                else f"No answer for batch {name}."
            )
            yield Step(t, "lost", title, "receiver", "sink", f"{said} lost", note, True)
        elif entry["ok"]:
            yield Step(t, "ok", f"The receiver answers OK for batch {name}.", "receiver", "sink",
                       "OK", self._known(number, name, t))  # fmt: skip
        else:
            note = f"The receiver could not store batch {name}, and says so."
            yield Step(t, "lost", note, "receiver", "sink", "FAILED", note)

    def _known(self, number: int, name: str, t: float) -> str:
        """A note, if the log stored nothing of a batch, because it had all its lines before."""
        request = self._requests.get(number)
        if not (self._has_log and request and request["again"]):
            return ""
        if any(request["t"] <= landed["t"] <= t for landed in self._landed):
            return ""
        return f"The log has the places of batch {name} already: it stores nothing twice."

    def _lands(self, t: float, entry: Entry) -> Iterator[Step]:
        lines = told(entry["lines"])
        title = f"The landing log has {entry['events']:,} more lines on disk, {lines}."
        yield Step(t, "data", title, "receiver", "log", _short(entry["lines"]))

    def _batch(self, t: float, entry: Entry) -> Iterator[Step]:
        lines = _set(entry["lines"])
        twice = sum(1 for line in lines if self._counted[line]) if not entry["again"] else 0
        title = (
            f"Micro-batch {entry['name']} has {entry['events']:,} lines, {told(entry['lines'])}."
        )
        note = ""
        if entry["again"]:
            note = "Spark runs this micro-batch again. The store knows its name: nothing changes."
        elif twice:
            note = f"{twice:,} of these lines are counted a second time."
        self._counted.update(lines)
        start = "log" if self._has_log else "receiver"
        style = "again" if note else "data"
        yield Step(t, style, f"{title} {note}".strip(), start, "micro-batch",
                   f"{entry['events']:,} lines", note)  # fmt: skip

    def _stored(self, t: float, entry: Entry) -> Iterator[Step]:
        title = f"Micro-batch {entry['name']} is in the result store, with its name."
        yield Step(t, "ok", title, "micro-batch", "result", "stored")

    def _fault(self, t: float, entry: Entry) -> Iterator[Step]:
        told_ = entry["told"]
        note = f"{told_[0].upper()}{told_[1:]}, at {entry['at']}."
        dies = _dead(entry["do"], self._has_log)
        if entry["do"] == "kill flume" and self._lost:
            note += f" Only its channel had lines {told(self._lost)}: they are gone."
        yield Step(t, "fault", f"Fault: {note}", note=note, dies=dies)

    def _heal(self, t: float, entry: Entry) -> Iterator[Step]:
        yield Step(t, "heal", "The fault ends.", note="The fault ends.")

    def _up(self, t: float, entry: Entry) -> Iterator[Step]:
        lives = tuple(
            lane
            for name in entry["text"].split(", ")
            for lane in _dead(f"kill {name}", self._has_log)
        )
        names = dict.fromkeys(_part_words(name) for name in entry["text"].split(", "))
        text = f"Started again: {', '.join(names)}."
        yield Step(t, "heal", text, note=text, lives=lives)


def _named(requests: Sequence[Entry]) -> tuple[dict[int, str], set[int]]:
    """Give each batch a name, and one that comes again the same; return also which come again."""
    names: dict[int, str] = {}
    twins: set[int] = set()
    held: dict[int, set[int]] = {}
    for entry in requests:
        number, lines = entry["id"], _set(entry["lines"])
        first = next((n for n, its in held.items() if entry["again"] and its & lines), None)
        if first is None:
            held[number] = lines
            names[number] = str(len(held))
        else:
            names[number] = names[first]
            twins.add(first)
    return names, twins


def _dead(text: str, has_log: bool) -> tuple[str, ...]:
    """The lanes of the part that a fault ends."""
    verb, _, part = text.partition(" ")
    part = "worker" if part.startswith("spark-worker") else part
    if verb not in ("kill", "stop"):
        return ()
    program = ("micro-batch",) if has_log else ("receiver", "micro-batch")
    return {
        "flume": FLUME, "receiver": ("receiver",), "driver": program, "query": program,
        "stream": program, "worker": program, "database": ("result",), "db": ("result",),
    }.get(part, ())  # fmt: skip


def _part_words(service: str) -> str:
    """A service of the lab in the words of the experiments."""
    part = {"stream": "driver", "query": "driver", "db": "database"}.get(service, service)
    part = "worker" if part.startswith("spark-worker") else part
    return "the Spark worker" if part == "worker" else PART_WORDS.get(part, part)


def _set(given: Iterable[Sequence[int]]) -> set[int]:
    return {n for first, last in given for n in range(first, last + 1)}


def _short(given: Sequence[Sequence[int]]) -> str:
    """Ranges at an arrow: ``3,001-4,000``."""
    if not given or given[-1][1] == 0:
        return FOREIGN if given else ""
    first, last = given[0][0], given[-1][1]
    return f"{first:,}\u2013{last:,}" if last > first else f"{first:,}"
