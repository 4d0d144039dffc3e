"""Which connections a receiver has, and how many it may have."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Generic, TypeVar

from pyspark_flume.ingest.counters import Refusal

T = TypeVar("T")

log = logging.getLogger(__name__)


class OpenConnections(Generic[T]):
    """The connections that are open, at most `limit`.

    `accepted` is how many there have been, `refused` how many were refused or closed, and why.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[T] = set()
        self._refused = 0  # in a row
        self.accepted = 0
        self.refused: Counter[Refusal] = Counter()

    def __contains__(self, connection: object) -> bool:
        return connection in self._open

    def __iter__(self) -> Iterator[T]:
        """Yield the connections that are open now; they may be closed meanwhile."""
        return iter(list(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: T, peer: str) -> bool:
        """Add a connection if there is room for it; the log has only the first of many refusals."""
        if len(self._open) < self._limit:
            self._refused = 0
            self._open.add(connection)
            self.accepted += 1
            return True
        self._refused += 1
        self.refused[Refusal.LIMIT] += 1
        if self._refused == 1:
            log.warning(
                "%s refused: %d connections are open, which is the limit; raise maxConnections",
                peer,
                len(self._open),
            )
        return False

    def discard(self, connection: T) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)
