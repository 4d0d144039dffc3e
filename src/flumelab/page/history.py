"""The last ten minutes of each hop, and what follows from them: rates, lags and trends."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

SECONDS_KEPT = 600
RATE_SECONDS = 2.0
"""A rate is taken over this time: a micro-batch comes once a second."""
TREND_SECONDS = 3.0
STEADY_LINES = 10
"""A lag that has changed by fewer lines, or by less than a tenth, is steady."""


@dataclass(frozen=True)
class Sample:
    """The lines of each hop at one time, by the hop's id; `values` has what else is drawn."""

    time: float
    lines: Mapping[str, int | None]
    lags: Mapping[str, int | None]
    values: Mapping[str, float | None]


class History:
    """The samples of one lab; it begins anew with each lab."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self._rates: deque[Mapping[str, float | None]] = deque()

    @property
    def last(self) -> Sample | None:
        """The newest sample."""
        return self._samples[-1] if self._samples else None

    def add(self, sample: Sample) -> None:
        """Add a sample, and drop those that are too old."""
        self._samples.append(sample)
        self._rates.append({hop: self.rate(hop) for hop in sample.lines})
        while sample.time - self._samples[0].time > SECONDS_KEPT:
            self._samples.popleft()
            self._rates.popleft()

    def split(self, hop: str, into: Sequence[str]) -> None:
        """Give what is known of a hop, and of the links to it and from it, to several hops."""
        self._samples = deque(
            replace(
                each,
                lines=_split(each.lines, {hop: into}),
                lags=_split(each.lags, _links(each.lags, hop, into)),
            )
            for each in self._samples
        )
        self._rates = deque(_split(rates, {hop: into}) for rates in self._rates)

    def rate(self, hop: str) -> float | None:
        """Return the lines a second of a hop now; None if it is not known."""
        newest = self._samples[-1]
        before = self._before(newest.time - RATE_SECONDS)
        now, then = newest.lines.get(hop), before.lines.get(hop)
        if now is None or then is None or before is newest:
            return None
        return max(0.0, (now - then) / (newest.time - before.time))

    def waited(self, hop: str, lag: int) -> float | None:
        """Return for how many seconds the oldest of the last `lag` lines of a hop has waited.

        That is the time since the hop passed that line; the whole history, if it was before.
        """
        newest = self._samples[-1]
        now = newest.lines.get(hop)
        if now is None:
            return None
        oldest = newest
        for sample in reversed(self._samples):
            lines = sample.lines.get(hop)
            if lines is None or lines <= now - lag:
                break
            oldest = sample
        return newest.time - oldest.time

    def held(self, link: str, hop: str) -> float:
        """Return for how many seconds a link has had a lag while a hop has not moved.

        That is how long a channel that stores nothing has held its batch: the channel counts the
        batch only once it is sent.
        """
        newest = self._samples[-1]
        oldest = newest
        for sample in reversed(self._samples):
            if not sample.lags.get(link) or sample.lines.get(hop) != newest.lines.get(hop):
                break
            oldest = sample
        return newest.time - oldest.time

    def trend(self, link: str) -> str:
        """Return whether a lag grows, shrinks, is steady, or is none.

        A lag that has just ended shrinks for `TREND_SECONDS`: a fast one would not be seen else.
        """
        newest = self._samples[-1]
        now = newest.lags.get(link) or 0
        then = self._before(newest.time - TREND_SECONDS).lags.get(link) or 0
        if not now and not then:
            return "none"
        change = now - then
        if abs(change) <= max(STEADY_LINES, 0.1 * now):
            return "steady"
        return "grows" if change > 0 else "shrinks"

    def as_json(self) -> dict[str, Any]:
        """Return the columns that the charts draw: times, and a list for each hop and value."""
        samples, rates = list(self._samples), list(self._rates)
        return {
            "times": [round(sample.time, 2) for sample in samples],
            "rates": _columns([_rounded(rate) for rate in rates]),
            "lags": _columns([sample.lags for sample in samples]),
            "values": _columns([_rounded(sample.values) for sample in samples]),
        }

    def _before(self, time: float) -> Sample:
        """Return the newest sample that is not newer than `time`; else the oldest one."""
        found = self._samples[0]
        for sample in reversed(self._samples):
            if sample.time <= time:
                return sample
        return found


def _split(values: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """Return values of which some have other names, each perhaps several."""
    return {name: value for old, value in values.items() for name in names.get(old, (old,))}


def _links(lags: Mapping[str, Any], hop: str, into: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {
        link: [">".join(name if end == hop else end for end in link.split(">")) for name in into]
        for link in lags
        if hop in link.split(">")
    }


def _rounded(values: Mapping[str, float | None]) -> Mapping[str, float | None]:
    return {key: None if value is None else round(value, 3) for key, value in values.items()}


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
