"""What a receiver or poller counts: whole numbers, a few additions for each batch.

They are counted whether somebody asks for them or not; `metric_families` gives them their names.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

# Seconds. A good SSD needs less than the first ones, a busy hard disk more than 0.1.
FSYNC_BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
)  # fmt: skip


class Refusal(StrEnum):
    """Why a receiver refuses a connection or closes it."""

    LIMIT = "limit"  # as many as maxConnections are open
    TLS = "tls"  # the handshake failed
    PROTOCOL = "protocol"  # its bytes are not those of an avro sink, or exceed a limit
    STALLED = "stalled"  # it was silent within a frame, or for idleTimeout


class Histogram:
    """How many values fell between which bounds."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Add a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[tuple[str, int]]:
        """Return each bound with the number of values up to it; the last one is ``+Inf``."""
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        return list(zip(names, accumulate(list(self._counts)), strict=True))


@dataclass(slots=True)
class IngestCounters:
    """Counted since the start of this process.

    :param batches: that have arrived; `events` and `event_bytes` are in them
    :param failed_batches: that could not be stored, so that their senders send them again
    :param duplicate_events: that were left out, because the log has them
    """

    batches: int = 0
    events: int = 0
    event_bytes: int = 0
    failed_batches: int = 0
    duplicate_events: int = 0
    fsync: Histogram = field(default_factory=lambda: Histogram(FSYNC_BOUNDS))


@dataclass(frozen=True)
class AgentConnections:
    """The connections to one agent's SparkSink; `errors`: how often one failed or was lost."""

    open: int
    errors: int


@dataclass(frozen=True)
class ConnectionCounts:
    """The connections of a receiver or poller.

    :param accepted: how many have ever been opened
    :param refused: by reason; None for a poller, which refuses none
    :param agents: by host and port; None for a receiver, which does not know its senders
    """

    open: int
    accepted: int
    refused: Mapping[Refusal, int] | None = None
    agents: Mapping[str, AgentConnections] | None = None
