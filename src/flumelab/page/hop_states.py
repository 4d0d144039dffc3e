"""Which part and which hop runs, is dead or is stuck, and why, in one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flumelab.page import reasons
from flumelab.page.flow import FlowPlan, HopPlan
from flumelab.page.history import History
from flumelab.page.readings import Readings
from flumelab.page.state import DEAD, DOWN, RUNNING, STUCK, Fill, Hop, Part

WORST = (DEAD, STUCK, DOWN, "starting", RUNNING)


def parts_of(readings: Readings) -> list[Part]:
    """Return the parts, of which one that runs and does not answer is stuck."""
    return [_answering(part, readings) for part in readings.parts]


def _answering(part: Part, readings: Readings) -> Part:
    if part.state != RUNNING:
        return part
    place = readings.place
    if part.name.startswith("flume") and not readings.flume.answers:
        return replace(part, state=STUCK, reason=reasons.of_a_silent_part(part.name, *place.flume))
    return part


def hops_of(
    plan: FlowPlan,
    readings: Readings,
    parts: Sequence[Part],
    lines: Mapping[str, int | None],
    history: History,
) -> list[Hop]:
    """Return each hop with its numbers and its state."""
    by_name = {part.name: part for part in parts}
    hops = []
    for hop in plan.hops.values():
        state, reason = _state_of(hop, by_name, bool(parts))
        fill: Fill | None = readings.flume.fill(hop.name) if hop.kind == "channel" else None
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
                fill=fill,
            )
        )
    return hops


def _state_of(hop: HopPlan, parts: Mapping[str, Part], up: bool) -> tuple[str, str]:
    if not hop.part:  # a file
        return (RUNNING if up else DOWN), ""
    part = parts.get(hop.part)
    if part is None:
        return DOWN, ""
    return part.state, part.reason


def summary(parts: Sequence[Part], hops: Sequence[Hop], readings: Readings) -> tuple[str, str]:
    """Return the state of the lab, and a sentence about it."""
    if not parts:
        return DOWN, "The lab is down; flumelab up starts it."
    broken = [part for part in parts if part.state in (DEAD, STUCK)]
    if broken:
        return "broken", " ".join(part.reason for part in broken)
    if any(part.state != RUNNING for part in parts):
        return "starting", "The lab is starting."
    missing = [hop.part for hop in hops if hop.part and hop.state == DOWN]
    if missing:
        return "starting", f"{', '.join(dict.fromkeys(missing))} is not running yet."
    return RUNNING, "Every part runs."
