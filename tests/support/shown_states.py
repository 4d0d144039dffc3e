"""States of labs that are costly to run, for tests of how the page draws them."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flumelab.lessons.catalogue import LESSONS
from flumelab.page.flow import FlowPlan
from flumelab.page.lesson_flow import plan
from flumelab.page.state import (
    Batch,
    Counts,
    Fill,
    Hop,
    Key,
    Lab,
    Ledger,
    LedgerHop,
    Link,
    Mark,
    Part,
    Query,
    State,
    Streams,
    Window,
)

ROOT = Path(__file__).parents[2]
SECONDS = 300
WINDOW = Window(3, 2)
LINES = 140_000


@dataclass(frozen=True)
class Shown:
    """A state, and the ten minutes before it, as the page's API sends them."""

    state: Mapping[str, Any]
    history: Mapping[str, Any]


def dstreams(window: Window = WINDOW) -> Shown:
    """`windows`: batches of one second, a window of three that slides by two; one batch is slow."""
    flow, now = _plan("windows"), time.time()
    first = math.floor(now) - SECONDS
    batches = [
        Batch(float(first + second), 100 + second % 7, 0.02, 1.4 if second == 280 else 0.3, True)
        for second in range(SECONDS)
    ]
    streams = Streams(1.0, 0, [window], batches[-40:])
    marks = [Mark(first + 60, "fed", "fed 40,000 lines"), Mark(first + 200, "dead", "flume died")]
    return _shown("windows", flow, now, streams=streams, marks=marks, batches=batches)


def queries() -> Shown:
    """Two queries on the landing log; one has a watermark, state, and rows that came too late."""
    flow, now = _plan("structured", "hours", "totals"), time.time()
    late = Query("hours", 9, now, 500, 900.0, 0.6, {}, now - 7200, now - 3600, 3600.0, 1200, 7)
    plain = Query("totals", 9, now, 480, 800.0, 0.5, {}, None, None, None, 300, 0)
    return _shown("structured", flow, now, queries=[late, plain])


def fan_out() -> Shown:
    """One agent with two ways; the second way's channel is nearly full, and its sink is stuck."""
    flow, now = _plan("fan-out", "gifts"), time.time()
    return _shown("fan-out", flow, now, full="channel:gifts", stuck="sink:wrapping")


def _plan(name: str, *queries: str) -> FlowPlan:
    lesson = LESSONS[name]
    return plan(lesson, ROOT / "flume-conf" / lesson.conf, queries)


def _shown(
    name: str,
    flow: FlowPlan,
    now: float,
    full: str = "",
    stuck: str = "",
    streams: Streams | None = None,
    queries: Sequence[Query] = (),
    marks: Sequence[Mark] = (),
    batches: Sequence[Batch] = (),
) -> Shown:
    why = f"{stuck.replace(':', ' ')}: its receiver does not answer; start it" if stuck else ""
    hops = [
        Hop(
            hop.id, hop.kind, hop.name, hop.detail, hop.part,
            "stuck" if hop.id == stuck else "running", why if hop.id == stuck else "",
            LINES, 123.4, hop.unit,
            Fill(95_000 if hop.id == full else 40, 100_000) if hop.kind == "channel" else None,
        )
        for hop in flow.hops.values()
    ]  # fmt: skip
    links = [
        Link(
            link.source, link.target, 95_000 if link.source == full else 40, 12.5,
            "grows" if link.source == full else "steady", link.note,
        )
        for link in flow.links
    ]  # fmt: skip
    lesson = LESSONS[name]
    broken = {hop.part for hop in flow.hops.values() if hop.id == stuck}
    names = dict.fromkeys(hop.part for hop in flow.hops.values() if hop.part)
    parts = [Part(each, "stuck" if each in broken else "running", why) for each in names]
    keys = [Key(f"#key-{place}", 90 - place, 90 - place + place % 2) for place in range(12)]
    rows = [("generated", 0), ("spooled", 0), ("Flume received", 0), ("Flume sent", 40)]
    state = State(
        sample=1,
        time=now,
        lab=Lab(
            "local", name, lesson.program.file, "broken" if stuck else "running",
            why or "Every part runs.",
        ),
        flow=flow.drawn(),
        hops=hops,
        links=links,
        parts=parts,
        streams=streams,
        queries=queries,
        counts=Counts("key", keys, 12, 6, True),
        ledger=Ledger(
            [LedgerHop(hop, f"where {hop} is told", LINES - missing, missing)
             for hop, missing in rows],
            "counting", "COUNTING: 40 lines on their way",
        ),
        marks=marks,
    )  # fmt: skip
    return Shown(state.as_json(), _history(state, now, batches))


def _history(state: State, now: float, batches: Sequence[Batch]) -> Mapping[str, Any]:
    times = [round(now - SECONDS + second, 2) for second in range(SECONDS)]
    wave = [50 + 40 * math.sin(second / 20) for second in range(SECONDS)]
    values = {f"fill:{hop.id}": wave for hop in state.hops if hop.kind == "channel"}
    for query in state.queries:
        values |= {f"{kind}:{query.name}": wave for kind in ("rows", "duration", "state")}
        values[f"event_lag:{query.name}"] = wave if query.event_lag else [None] * SECONDS
    return {
        "times": times,
        "rates": {hop.id: wave for hop in state.hops},
        "lags": {f"{link.source}>{link.target}": wave for link in state.links},
        "values": values,
        "batches": [vars(batch) for batch in batches],
    }
