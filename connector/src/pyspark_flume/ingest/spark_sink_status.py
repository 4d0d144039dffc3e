"""The status of one agent's SparkSink; each change is logged once."""

import logging
import os

log = logging.getLogger(__name__)


class SparkSinkStatus:
    """Shared by all connections to one SparkSink, which report here what happens to them.

    `open` is how many there are, `accepted` how many there have been, and `errors` how often one
    could not be opened, was lost, or got an error instead of a batch.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.open = self.accepted = self.errors = 0
        self._is_away = False
        self._has_no_batch = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def connected(self) -> None:
        """Note that another connection has received its first answer."""
        self.open += 1
        self.accepted += 1
        if self.open == 1:
            log.info("%s connected", self)
        self._is_away = False

    def disconnected(self) -> None:
        """Note that one of these connections is lost."""
        self.open -= 1

    def unreachable(self, error: Exception) -> None:
        """Log that a connection is lost or could not be opened, if no other one is left."""
        self.errors += 1
        if not self.open and not self._is_away:
            log.warning("no answer from %s (%s); retrying", self, _fact(error))
            self._is_away = True

    def failed(self, message: str, batch_events_max: int) -> None:
        """Log that the agent answered with an error instead of a batch."""
        self.errors += 1
        if not self._has_no_batch:
            log.warning(
                "no batch from %s (%s); retrying; its channel's transactionCapacity must be at "
                "least agentBatchSize, %d",
                self,
                message,
                batch_events_max,
            )
        self._has_no_batch = True

    def delivered(self) -> None:
        """Note that the agent answered with a batch; log it after a failure."""
        if self._has_no_batch:
            log.info("%s delivers batches again", self)
        self._has_no_batch = False


def _fact(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)  # asyncio's own text repeats the address
    return getattr(error, "strerror", None) or str(error) or "timed out"
