"""Which part and which hop runs, is dead or is stuck, and why, in one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flumelab.page import reasons
from flumelab.page.flow import FlowPlan, HopPlan
from flumelab.page.history import History
from flumelab.page.readings import Readings
from flumelab.page.state import DEAD, DOWN, RUNNING, STARTING, STUCK, Hop, Part
from flumelab.signs import Level, Sign

ENDED = "part-ended"
START_SECONDS = 60.0
"""A part that has not answered yet is starting for so long; a laptop may be busy."""
SILENT_SECONDS = 5.0
"""An answer or two may fail: when a connection is cut, or where the machine has too much to do."""


class Answering:
    """Tells a part that is stuck from one that is starting: the first has answered before."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._answered: dict[str, float] = {}

    def parts_of(self, readings: Readings, time: float) -> list[Part]:
        """Return the parts; one that runs and does not answer is starting, or else stuck."""
        running = {part.name for part in readings.parts if part.state == RUNNING}
        self._seen = {name: self._seen.get(name, time) for name in running}
        self._answered = {name: at for name, at in self._answered.items() if name in running}
        return [self._part(part, readings, time) for part in readings.parts]

    def _part(self, part: Part, readings: Readings, time: float) -> Part:
        place = readings.place
        if part.state != RUNNING:
            return part
        answers = {place.agent: readings.flume.answers, place.driver: readings.spark_answers}
        if answers.get(part.name, True):
            self._answered[part.name] = time
            return part
        if part.name not in self._answered and time - self._seen[part.name] < START_SECONDS:
            return replace(part, state=STARTING)
        silent = time - self._answered.get(part.name, 0) > SILENT_SECONDS
        if part.name == place.agent and silent and not readings.cut:
            reason = reasons.of_a_silent_part(part.name, *place.flume)
            return replace(part, state=STUCK, reason=reason)
        return part  # a driver without a page of its own


def absent(plan: FlowPlan, parts: Sequence[Part]) -> set[str]:
    """Return the parts of a flow that nobody has started yet, or that were stopped."""
    there = {part.name for part in parts if part.state != DOWN}
    return {hop.part for hop in plan.hops.values() if hop.part} - there


def with_signs(parts: Sequence[Part], signs: Sequence[Sign]) -> list[Part]:
    """Return the parts with what the signs say: the first one that stops lines, of each part."""
    stopping = [sign for sign in signs if sign.level is not Level.WARNING]
    said: dict[str, Sign] = {}
    for sign in stopping:
        if sign.name == ENDED:  # nothing says more about a part that has ended
            said[sign.part] = sign
        said.setdefault(sign.part, sign)
    return [_with_sign(part, said.get(part.name)) for part in parts]


def _with_sign(part: Part, sign: Sign | None) -> Part:
    if sign is None or part.state not in (RUNNING, STUCK, DEAD):
        return part
    return replace(part, state=DEAD if part.state == DEAD else STUCK, reason=sign.sentence)


def hops_of(
    plan: FlowPlan,
    readings: Readings,
    parts: Sequence[Part],
    lines: Mapping[str, int | None],
    history: History,
    signs: Sequence[Sign],
) -> list[Hop]:
    """Return each hop with its numbers and its state."""
    by_name = {part.name: part for part in parts}
    hops = []
    for hop in plan.hops.values():
        state, reason = _state_of(hop, by_name, bool(parts), signs)
        rate = history.rate(hop.id)
        hops.append(
            Hop(
                id=hop.id,
                kind=hop.kind,
                name=hop.name,
                detail=hop.detail,
                part=hop.part,
                state=state,
                reason=reason,
                lines=lines.get(hop.id),
                rate=None if rate is None else round(rate, 1),
                unit=hop.unit,
                fill=readings.flume.fill(hop.name) if hop.kind == "channel" else None,
            )
        )
    return hops


def _state_of(
    hop: HopPlan, parts: Mapping[str, Part], up: bool, signs: Sequence[Sign]
) -> tuple[str, str]:
    """Return a hop's state and reason; a sign about one hop says nothing about its neighbours."""
    if not hop.part:  # a file
        return (RUNNING if up else DOWN), ""
    part = parts.get(hop.part)
    if part is None:
        return DOWN, ""
    if part.state != STUCK:
        return part.state, part.reason
    mine = [sign for sign in signs if sign.part == hop.part and sign.level is not Level.WARNING]
    about = [sign for sign in mine if sign.place == f"{hop.kind} {hop.name}"]
    if about:
        return STUCK, about[0].sentence
    names_a_hop = any(sign.place.split(" ")[0] in ("source", "channel", "sink") for sign in mine)
    return (RUNNING, "") if names_a_hop else (STUCK, part.reason)


def summary(parts: Sequence[Part], hops: Sequence[Hop]) -> tuple[str, str]:
    """Return the state of the lab, and a sentence about it."""
    if not parts:
        return DOWN, "The lab is down; flumelab up starts it."
    broken = [part for part in parts if part.state in (DEAD, STUCK)]
    if broken:
        return "broken", ". ".join(part.reason or f"{part.name} has ended" for part in broken)
    if any(part.state != RUNNING for part in parts):
        return "starting", "The lab is starting."
    missing = [hop.part for hop in hops if hop.part and hop.state == DOWN]
    if missing:
        return "starting", f"{', '.join(dict.fromkeys(missing))}: it does not run."
    return RUNNING, "Every part runs."
