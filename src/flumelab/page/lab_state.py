"""Makes the `State` that is shown of the readings, with what is known from earlier samples."""

from collections.abc import Mapping, Sequence
from typing import Any

from flumelab.counts import Counts as Totals
from flumelab.page import hop_states, spark_state, verdict
from flumelab.page.expected import ExpectedAnswer
from flumelab.page.flow import FlowPlan, HopPlan, LinkPlan
from flumelab.page.history import History, Sample
from flumelab.page.lesson_flow import QUERY
from flumelab.page.lesson_flow import plan as plan_of_lesson
from flumelab.page.marks import IDLE_SECONDS, Marks
from flumelab.page.own_flow import plan as plan_of_own
from flumelab.page.own_ledger import own_ledger
from flumelab.page.readings import Readings
from flumelab.page.reasons import Reasons
from flumelab.page.state import Counts, Hop, Lab, Ledger, Link, Part, Sign, State
from flumelab.page.verdict import Verdict
from flumelab.signs import Sign as FoundSign

EXACT = ("channel", "receiver")
MOVED_SECONDS = 5.0
"""Lines are on their way for as long as some hop has moved within this time."""


class LabState:
    """The state of one lab, sample by sample."""

    def __init__(self, history: History, marks: Marks) -> None:
        self._history = history
        self._marks = marks
        self._verdict = Verdict()
        self._plan: FlowPlan | None = None
        self._plan_of: object = None
        self._moved: dict[str, float] = {}
        self._spark = spark_state.SparkState()
        self._reasons = Reasons()
        self._answering = hop_states.Answering()
        self._expected: ExpectedAnswer | None = None

    def of(self, readings: Readings, number: int, time: float, took: float) -> State:
        """Return the state at this sample."""
        plan = self._plan_for(readings)
        answering = self._answering.parts_of(readings, time)
        lines = {id_: readings.lines(hop) for id_, hop in plan.hops.items()}
        self._note_moves(lines, time)
        lags = self._lags(plan, lines, readings, time)
        streams = self._spark.streams(readings)
        queries = self._spark.queries(readings)
        self._history.add(Sample(time, lines, lags, self._values(readings, plan, queries)))
        incomplete = bool(answering and hop_states.absent(plan, answering))
        moving = self._is_moving(time) or incomplete or _waits(plan, lags, readings)
        signs = self._signs(readings, answering, moving or any(lags.values()))
        if incomplete:  # it starts or stops, and each part misses another
            signs = [sign for sign in signs if sign.name == hop_states.ENDED]
        parts = hop_states.with_signs(answering, signs)
        self._marks.look_at_parts(time, parts)
        self._marks.look_at_link(time, readings.cut)
        self._marks.look_at_feed(time, readings.given or readings.generated_lines)
        truth = self._truth(readings, self._is_feeding(time))
        ledger = self._ledger(readings, truth, moving)
        self._marks.look_at_ledger(time, ledger)
        links = [self._link(link, lags[link_id(link)], readings) for link in plan.links]
        hops = hop_states.hops_of(plan, readings, parts, lines, self._history, signs)
        return State(
            sample=number,
            time=time,
            lab=_lab(readings, parts, hops),
            flow=plan.drawn(),
            hops=hops,
            links=links,
            parts=parts,
            streams=streams,
            queries=queries,
            counts=_counts(readings, truth, moving),
            ledger=ledger,
            marks=self._marks.all,
            signs=[_sign(sign) for sign in signs],
            took=round(took, 4),
        )

    def _signs(
        self, readings: Readings, parts: Sequence[Part], waiting: bool
    ) -> Sequence[FoundSign]:
        found = self._verdict.balance_of(readings)
        return self._reasons.look(readings.place, parts, waiting, found.hops if found else ())

    def batches_json(self) -> dict[str, Any]:
        """The micro-batches of the last ten minutes, for the charts."""
        return self._spark.batches_json()

    def _plan_for(self, readings: Readings) -> FlowPlan:
        """Return the plan; it is made anew if the conf or the names of the queries change."""
        place = readings.place
        try:
            changed = place.conf.stat().st_mtime_ns
        except OSError:
            changed = 0
        own = place.own or {}
        progress = readings.progress
        told = [progress.get(key) for key in ("listens", "polls", "receivers", "folders")]
        of = (place.lesson, place.keys, changed, tuple(readings.queries), own.get("sent") is None,
              bool(progress.get("files")), told)  # fmt: skip
        if self._plan is None or of != self._plan_of:
            before, self._plan_of = self._plan, of
            if place.lesson:
                self._plan = plan_of_lesson(
                    place.lesson,
                    place.conf,
                    sorted(readings.queries),
                    place.agent,
                    place.database,
                    all_keys=place.compares and not place.keys,
                )
            else:
                self._plan = plan_of_own(place, readings.progress)
            self._keep_history(before, self._plan)
        return self._plan

    def _keep_history(self, before: FlowPlan | None, plan: FlowPlan) -> None:
        """The history of an only query goes to the one of its name; without a name, to each."""
        if before and QUERY in before.hops and QUERY not in plan.hops:
            queries = [hop.id for hop in plan.hops.values() if hop.kind == "query"]
            own = f"query:{before.hops[QUERY].name}"
            self._history.split(QUERY, [own] if own in queries else queries)

    def _note_moves(self, lines: Mapping[str, int | None], time: float) -> None:
        last = self._history.last
        for hop, now in lines.items():
            if last and hop in last.lines and last.lines[hop] != now:
                self._moved[hop] = time

    def _is_moving(self, time: float) -> bool:
        return any(time - moved < MOVED_SECONDS for moved in self._moved.values())

    def _is_feeding(self, time: float) -> bool:
        """Whether the generator may still be writing; the lines may be on their way for longer."""
        return time - self._moved.get("generator", 0.0) < IDLE_SECONDS

    def _lags(
        self,
        plan: FlowPlan,
        lines: Mapping[str, int | None],
        readings: Readings,
        time: float,
    ) -> dict[str, int | None]:
        """Return the lag of each link, by its name.

        Once nothing moves, lines that a hop lacks are lost, or its counter has missed them (after a
        kill): they are not on their way.
        """
        lags = {link_id(link): _lag(link, lines, readings, plan) for link in plan.links}
        if self._is_moving(time):
            return lags
        exact = {link_id(link) for link in plan.links if _is_exact(plan, link, readings)}
        return {id_: lag if id_ in exact or lag is None else 0 for id_, lag in lags.items()}

    def _link(self, link: LinkPlan, lag: int | None, readings: Readings) -> Link:
        seconds = self._history.waited(link.source, lag) if lag else (None if lag is None else 0.0)
        if lag and readings.flume.hands_over(link.source):
            seconds = self._history.held(link_id(link), link.source)
        return Link(
            link.source,
            link.target,
            lag,
            None if seconds is None else round(seconds, 1),
            self._history.trend(link_id(link)),
            link.note,
            cut=link.connection and readings.cut,
        )

    def _values(
        self, readings: Readings, plan: FlowPlan, queries: Sequence[Any]
    ) -> Mapping[str, float | None]:
        values: dict[str, float | None] = {}
        for hop in plan.hops.values():
            if hop.kind == "channel":
                fill = readings.flume.fill(hop.name)
                values[f"fill:{hop.id}"] = fill.percent if fill else None
        for query in queries:
            values[f"rows:{query.name}"] = query.rows
            values[f"duration:{query.name}"] = query.duration
            values[f"state:{query.name}"] = query.state_rows
            values[f"event_lag:{query.name}"] = query.event_lag
        return values

    def _truth(self, readings: Readings, feeding: bool) -> Totals | None:
        """Return the generator's numbers by key; None while they are not known.

        They are asked for once the generator has ended, so that they are known once all is counted.
        """
        if readings.has_urls:
            return readings.generated
        place = readings.place
        if not place.compares:
            return None
        if self._expected is None:
            self._expected = ExpectedAnswer(place.lesson, place.ledger, place.root, place.keys)
        return self._expected.at(readings.generated_lines, feeding)

    def _ledger(self, readings: Readings, truth: Totals | None, moving: bool) -> Ledger | None:
        lesson, seconds = readings.place.lesson, self._marks.balanced_after
        if lesson and not readings.has_urls:
            return verdict.ledger_of_keys(readings, lesson, truth, moving, seconds)
        if readings.place.own is not None:
            return own_ledger(readings, moving, seconds)
        found = self._verdict.balance_of(readings)
        if found is None:
            return None
        flume = lesson is None or lesson.uses_flume
        return verdict.ledger_of(found, flume, moving, seconds)


def _sign(sign: FoundSign) -> Sign:
    level = str(sign.level)
    return Sign(sign.name, sign.part, level, sign.place, sign.sentence, sign.since)


def link_id(link: LinkPlan) -> str:
    """Return the name of a link in the history."""
    return f"{link.source}>{link.target}"


def _is_exact(plan: FlowPlan, link: LinkPlan, readings: Readings) -> bool:
    """Whether a link's lag is known without a doubt: what is in a channel, or not read yet."""
    source, lesson = plan.hops[link.source].kind, readings.place.lesson
    if source == "spool":  # Flume marks a whole file that it has read, and no growing one
        return bool(lesson and not lesson.appends)
    return source in EXACT or plan.hops[link.target].kind == "query"


def _waits(plan: FlowPlan, lags: Mapping[str, int | None], readings: Readings) -> bool:
    """Whether lines surely wait, or micro-batches do: Spark tells their rows only later."""
    if readings.streams and readings.streams.waiting > 1:
        return True
    return any(_is_exact(plan, link, readings) and lags[link_id(link)] for link in plan.links)


def _lag(
    link: LinkPlan, lines: Mapping[str, int | None], readings: Readings, plan: FlowPlan
) -> int | None:
    """Return how many lines have passed the link's source and not its target."""
    source, target = lines.get(link.source), lines.get(link.target)
    channel: HopPlan = plan.hops[link.source]
    if channel.kind == "channel":  # what a killed agent's memory channel lost is not on its way
        fill = readings.flume.fill(channel.name)
        if fill:
            return fill.events
    if not link.compares or source is None or target is None:
        return None
    if plan.hops[link.target].kind == "log":
        return 0  # a sink counts what the receiver has stored and answered
    if channel.kind == "spool":  # a killed agent has not counted all that it has read
        source = min(source, target + readings.pending) - readings.flume.handed()
    return max(0, source - target)


def _lab(readings: Readings, parts: Sequence[Any], hops: Sequence[Hop]) -> Lab:
    place = readings.place
    state, says = hop_states.summary(parts, hops)
    return Lab(
        runtime=place.runtime,
        lesson=place.lesson.name if place.lesson else "",
        program=place.program,
        state=state,
        says=says,
        standing=place.standing,
        unseen=place.unseen,
    )


def _counts(readings: Readings, truth: Totals | None, moving: bool) -> Counts | None:
    if readings.counted is None:
        return None
    lesson = readings.place.lesson
    title = "URL" if lesson and lesson.scenario == "access-log" else "key"
    return verdict.counts_of(title, truth, readings.counted, moving)
