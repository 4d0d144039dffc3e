"""Whether what the parts take is flat, and what a soak has found.

Each kill makes memory and files begin anew, and each restart makes up for a backlog. So values are
compared by their high marks: the 90th percentile of the last third of the load may exceed that of
the middle third by a tenth and an allowance. The first third warms up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rich.table import Table

from flumelab.ledger import Balance
from tools.soak.lab import PARTS
from tools.soak.samples import Sample

MIB = 1 << 20
JUDGED_KILLS = 3 * len(PARTS)
"""With fewer, not every third of the load has each part's kill, so nothing can be compared."""
SHARE_BELOW = 0.9


class Allowance(NamedTuple):
    """How much higher the high mark of the last third may be."""

    factor: float
    more: int


ALLOWANCES = {
    "memory": Allowance(1.1, 16 * MIB),
    "files": Allowance(1.1, 16),
    # How much a killed driver leaves to be read depends on when it was killed.
    "disk": Allowance(1.25, 64 * MIB),
}


@dataclass(frozen=True)
class Trend:
    """The high marks of one series in the middle third and in the last third."""

    series: str
    middle: int
    last: int

    @property
    def kind(self) -> str:
        """``memory``, ``files`` or ``disk``."""
        return self.series.rpartition(" ")[2]

    @property
    def at_most(self) -> int:
        """What the last third may reach."""
        factor, more = ALLOWANCES[self.kind]
        return int(self.middle * factor) + more

    @property
    def flat(self) -> bool:
        """Whether it does not grow."""
        return self.last <= self.at_most


def trends(samples: Sequence[Sample], seconds: float) -> list[Trend]:
    """Compare the last two thirds of a load that took `seconds`; leave out what was never seen."""
    found: dict[str, list[list[int]]] = {}
    for sample in samples:
        third = min(int(3 * sample.seconds / seconds), 2)
        for series, value in sample.values.items():
            found.setdefault(series, [[], [], []])[third].append(value)
    return [
        Trend(series, high_mark(middle), high_mark(last))
        for series, (_, middle, last) in found.items()
        if middle and last
    ]


def high_mark(values: Sequence[int]) -> int:
    """The value that nine tenths of the values do not exceed."""
    return sorted(values)[int(SHARE_BELOW * (len(values) - 1))]


@dataclass(frozen=True)
class Result:
    """What a soak has found.

    :param kills: how often each part was killed
    :param ended: the services that ended although nobody killed them
    :param seconds_until_counted: from the last line until all were counted and the lab had stopped
    """

    minutes: float
    rate: float
    kill_seconds: float
    seed: int
    kills: Mapping[str, int]
    ended: Sequence[str]
    slowest_return: float
    seconds_until_counted: float
    balance: Balance
    samples: Sequence[Sample]
    trends: Sequence[Trend] = field(default_factory=list)

    @property
    def judged(self) -> bool:
        """Whether there were enough kills, or none by wish, to say what grows."""
        return not self.kill_seconds or sum(self.kills.values()) >= JUDGED_KILLS

    @property
    def problems(self) -> list[str]:
        """Everything that is wrong, in words."""
        lines = self.balance
        found = [] if lines.balanced else [f"lost {lines.lost}, duplicated {lines.duplicated}"]
        found += [f"{name} ended by itself" for name in self.ended]
        if self.judged:
            found += [f"{each.series} grows" for each in self.trends if not each.flat]
        return found

    def as_json(self) -> dict[str, Any]:
        """As it is written to the file."""
        ledger = ("generated", "counted", "malformed", "lost", "duplicated", "balanced")
        return {
            "minutes": self.minutes,
            "rate": self.rate,
            "kill_seconds": self.kill_seconds,
            "seed": self.seed,
            "passed": not self.problems,
            "problems": self.problems,
            "ledger": {name: getattr(self.balance, name) for name in ledger},
            "kills": dict(self.kills),
            "slowest_return_seconds": round(self.slowest_return, 1),
            "most_lines_behind": max((sample.behind for sample in self.samples), default=0),
            "seconds_until_counted": round(self.seconds_until_counted, 1),
            "judged": self.judged,
            "trends": [
                {**vars(each), "at_most": each.at_most, "flat": each.flat} for each in self.trends
            ],
            "samples": [vars(sample) for sample in self.samples],
        }

    def table(self) -> Table:
        """The trends, one a row."""
        rows = Table("what", "middle third", "last third", "at most", "")
        for each in self.trends:
            verdict = "flat" if each.flat else "grows"
            amounts = (each.middle, each.last, each.at_most)
            rows.add_row(
                each.series,
                *(_shown(each.kind, amount) for amount in amounts),
                verdict if self.judged else "",
            )
        return rows


def _shown(kind: str, amount: int) -> str:
    return f"{amount:,}" if kind == "files" else f"{amount / MIB:,.0f} MiB"
