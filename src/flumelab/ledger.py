"""The ledger: how many lines each hop reports, and whether every line was counted once.

Each number comes from its own source: `generated` from the generator's ledger, `spooled` from
the files in the spool directory, Flume's from its own counters, `counted` from the result store.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from flumelab.counts import Counts

RECEIVED = ("CHANNEL", "EventPutSuccessCount")
"""Counted after the commit; a spooldir source's own EventReceivedCount counts retries again."""
SENT = ("SINK", "EventDrainSuccessCount")

Metrics = Mapping[str, Mapping[str, Any]]
"""Flume's JSON: ``{"SINK.spark": {"EventDrainSuccessCount": "10000", …}, …}``."""


@dataclass(frozen=True)
class HopCounts:
    """The numbers that were read from each hop.

    :param generated: lines by URL, from the generator's ledger
    :param spooled: lines in the spool directory's files
    :param flume_runs: the metrics of each run of the agent; its counters begin at 0 each time
    :param counted: lines by URL, from the result store
    :param subfolders: lines in the spool directory's sub-folders, which are not in `spooled`
    :param subfolders_read: whether Flume reads those, too
    """

    generated: Counts
    spooled: int
    flume_runs: tuple[Metrics, ...]
    counted: Counts
    subfolders: Mapping[str, int] = field(default_factory=dict)
    subfolders_read: bool = False


@dataclass(frozen=True)
class Balance:
    """The verdict. ``generated = counted + malformed + lost - duplicated``, all in lines.

    :param differences: ``{url: (generated, counted)}`` where the two differ
    :param spooled: with the lines in sub-folders, if Flume reads those
    :param subfolders: those that are not in `spooled`
    """

    generated: int
    spooled: int
    flume_received: int
    flume_sent: int
    counted: int
    malformed: int
    lost: int
    duplicated: int
    differences: Mapping[str, tuple[int, int]]
    subfolders: Mapping[str, int] = field(default_factory=dict)

    @property
    def foreign(self) -> int:
        """Lines in the spool directory that the generator did not make."""
        return max(0, self.spooled - self.generated)

    @property
    def balanced(self) -> bool:
        """Whether no line was lost, counted twice or foreign, for each URL.

        Flume's own counters may still differ: an agent that is killed loses the last second of
        them, and puts a batch into its channel a second time.
        """
        return not self.differences and self.spooled == self.generated

    @property
    def differs_at(self) -> str | None:
        """The first hop whose number differs from the hop before; None if all agree."""
        for (_, before), (hop, lines) in pairwise(self.hops):
            if lines != before:
                return hop
        return None

    @property
    def hops(self) -> list[tuple[str, int]]:
        """Each hop and its number of lines, in the order of the flow."""
        return [
            ("generated", self.generated),
            ("spooled", self.spooled),
            ("Flume received", self.flume_received),
            ("Flume sent", self.flume_sent),
            ("counted", self.counted + self.malformed),
        ]

    @property
    def settled(self) -> bool:
        """Whether it is balanced and all hops agree; a metric may arrive just after a count."""
        return self.balanced and self.differs_at is None

    def as_json(self) -> dict[str, Any]:
        """As `flumelab ledger --json` prints it."""
        fields = {name: value for name, value in vars(self).items() if name != "differences"}
        return fields | {
            "balanced": self.balanced,
            "differs_at": self.differs_at,
            "foreign": self.foreign,
            "differences": {
                url: {"generated": generated, "counted": counted}
                for url, (generated, counted) in self.differences.items()
            },
        }


def balance(hops: HopCounts) -> Balance:
    """Compare what was generated with what was counted, URL by URL."""
    generated, counted = Counter(hops.generated.by_key()), Counter(hops.counted.by_key())
    lost, duplicated = generated - counted, counted - generated
    return Balance(
        generated=generated.total(),
        spooled=hops.spooled + (sum(hops.subfolders.values()) if hops.subfolders_read else 0),
        flume_received=_sum(hops.flume_runs, *RECEIVED),
        flume_sent=_sum(hops.flume_runs, *SENT),
        counted=hops.counted.total,
        malformed=hops.counted.malformed,
        lost=lost.total(),
        duplicated=duplicated.total(),
        differences={key: (generated[key], counted[key]) for key in sorted(lost | duplicated)},
        subfolders={} if hops.subfolders_read else hops.subfolders,
    )


def _sum(runs: Iterable[Metrics], kind: str, counter: str) -> int:
    return sum(
        int(component.get(counter, 0))
        for run in runs
        for name, component in run.items()
        if name.startswith(f"{kind}.")
    )
