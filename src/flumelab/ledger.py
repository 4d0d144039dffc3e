"""Is every line counted once? The numbers of each hop side by side, and where they differ.

Each number comes from where it is true: `generated` from the generator's ledger, `spooled` from
the files in the spool directory, Flume's from its own counters, `counted` from the result store.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flumelab.counts import MALFORMED, Counts

RECEIVED = ("CHANNEL", "EventPutSuccessCount")
"""Counted after the commit; a spooldir source's own EventReceivedCount counts retries again."""
SENT = ("SINK", "EventDrainSuccessCount")

Metrics = Mapping[str, Mapping[str, Any]]
"""Flume's JSON: ``{"SINK.spark": {"EventDrainSuccessCount": "10000", …}, …}``."""


@dataclass(frozen=True)
class Evidence:
    """What each hop says, as it was read.

    :param generated: lines by URL as the generator's ledger has them
    :param spooled: lines in the spool directory's files
    :param flume_runs: the metrics of each run of the agent; its counters begin at 0 each time
    :param counted: what Spark wrote into the result store
    """

    generated: Counts
    spooled: int
    flume_runs: tuple[Metrics, ...]
    counted: Counts


@dataclass(frozen=True)
class Balance:
    """The verdict. ``generated = counted + malformed + lost - duplicated``, all in lines.

    :param differences: ``{url: (generated, counted)}`` where the two differ
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

    @property
    def balanced(self) -> bool:
        """Nothing lost, nothing twice, no URL differs."""
        return not self.differences

    @property
    def settled(self) -> bool:
        """Balanced, and every hop has said so: a metric may come a moment after a count."""
        lines = {self.generated, self.spooled, self.flume_received, self.flume_sent}
        return self.balanced and len(lines) == 1

    def as_json(self) -> dict[str, Any]:
        """As `flumelab ledger --json` prints it."""
        fields = {name: value for name, value in vars(self).items() if name != "differences"}
        return fields | {
            "balanced": self.balanced,
            "differences": {
                url: {"generated": generated, "counted": counted}
                for url, (generated, counted) in self.differences.items()
            },
        }


def balance(evidence: Evidence) -> Balance:
    """Compare what was generated with what was counted, URL by URL."""
    generated, counted = _by_key(evidence.generated), _by_key(evidence.counted)
    lost, duplicated = generated - counted, counted - generated
    return Balance(
        generated=generated.total(),
        spooled=evidence.spooled,
        flume_received=_sum(evidence.flume_runs, *RECEIVED),
        flume_sent=_sum(evidence.flume_runs, *SENT),
        counted=evidence.counted.lines,
        malformed=evidence.counted.malformed,
        lost=lost.total(),
        duplicated=duplicated.total(),
        differences={key: (generated[key], counted[key]) for key in sorted(lost | duplicated)},
    )


def _by_key(counts: Counts) -> Counter[str]:
    return Counter(counts.urls) + Counter({MALFORMED: counts.malformed})


def _sum(runs: Iterable[Metrics], kind: str, counter: str) -> int:
    return sum(
        int(component.get(counter, 0))
        for run in runs
        for name, component in run.items()
        if name.startswith(f"{kind}.")
    )
