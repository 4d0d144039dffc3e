"""What a row shows of a hop, from the states of the page's sampler."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flumelab.page.flume_counters import CAPACITY_UNLIMITED

State = Mapping[str, Any]
"""As `/api/v1/state` sends it; see `flumelab.page.state`."""

RATES_KEPT = 60
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Row:
    """A hop. Numbers are None where they are not known.

    :param lag: lines that have not come here yet from the hop before; `seconds`: for how long
    :param trend: grows, shrinks, steady or none
    :param fill: how full a channel is, in percent
    :param rates: lines a second of the last minute, the newest last
    :param reason: why it is dead or stuck; empty if it is not
    """

    name: str
    part: str
    lines: int | None
    rate: float | None
    lag: int | None
    seconds: float | None
    trend: str
    fill: float | None
    state: str
    reason: str
    rates: Sequence[float | None]


class Rows:
    """The rows of a lab; it remembers the rates of the last minute."""

    def __init__(self) -> None:
        self._rates: dict[str, deque[float | None]] = {}

    def of(self, state: State) -> list[Row]:
        """Return a row for each hop, in the order of the flow. Call it once for each state."""
        lags = _worst_lags(state["links"])
        hops = state["hops"]
        known = {hop["id"] for hop in hops}
        self._rates = {hop: rates for hop, rates in self._rates.items() if hop in known}
        return [self._row(hop, lags.get(hop["id"], {})) for hop in hops]

    def _row(self, hop: State, lag: State) -> Row:
        rates = self._rates.setdefault(hop["id"], deque(maxlen=RATES_KEPT))
        rates.append(hop["rate"])
        fill = hop["fill"]
        return Row(
            name=name_of(hop),
            part=hop["part"],
            lines=hop["lines"],
            rate=hop["rate"],
            lag=lag.get("lines"),
            seconds=lag.get("seconds"),
            trend=lag.get("trend", "none"),
            fill=_percent(fill) if fill else None,
            state=hop["state"],
            reason=hop["reason"],
            rates=list(rates),
        )


def _percent(fill: State) -> float | None:
    """Return how full a channel is; None if it has no limit of its own."""
    if not 0 < fill["capacity"] < CAPACITY_UNLIMITED:
        return None
    return float(100 * fill["events"] / fill["capacity"])


def name_of(hop: State) -> str:
    """Return ``channel buffer``, or the kind alone where the name says the same."""
    kind, name = hop["kind"], hop["name"]
    return name if name.startswith(kind) else f"{kind} {name}".strip()


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Return a bar for each of the last values, as high as its part of the largest; 0 is a dot."""
    shown = list(values)[-width:]
    top = max((value for value in shown if value), default=0.0)
    return "".join(_bar(value, top) for value in shown).rjust(width)


def _bar(value: float | None, top: float) -> str:
    if value is None:
        return " "
    return BARS[min(len(BARS) - 1, int(value / top * len(BARS)))] if value else "·"


def _worst_lags(links: Sequence[State]) -> dict[str, State]:
    """Return the link with the largest lag into each hop."""
    found: dict[str, State] = {}
    for link in links:
        before = found.get(link["target"])
        if before is None or (link["lines"] or 0) > (before["lines"] or 0):
            found[link["target"]] = link
    return found


def plain(row: Row, clock: str) -> str:
    """Return a row as a line of text, with a dash for what is not known."""
    lag = "-" if row.lag is None else f"{row.lag}"
    waited = "-" if row.seconds is None else f"{row.seconds:.1f}s"
    rate = "-" if row.rate is None else f"{row.rate:.0f}/s"
    lines = "-" if row.lines is None else str(row.lines)
    told = f"{clock} {row.name}: lines={lines} rate={rate} lag={lag} waited={waited} {row.state}"
    return f"{told}: {row.reason}" if row.reason else told
