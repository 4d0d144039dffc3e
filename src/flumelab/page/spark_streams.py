"""What Spark's REST interface says about the micro-batches of a program of DStreams."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flumelab.page.http_json import JsonServer, NotFound, NotThere
from flumelab.page.state import Batch

BATCHES_KEPT = 660
"""Of the last batches; ten minutes of one second each, and some more."""
ASKED_AT_ONCE = 4
"""Micro-batches to ask for one by one; if more are new, all are read in one answer."""
RECEIVERS_EVERY = 5  # samples


@dataclass(frozen=True)
class StreamsReading:
    """The totals of this run of the driver.

    :param stored: events that the receivers have stored
    :param processed: events in micro-batches that are done
    :param receivers: active receivers and all receivers
    :param receiver_error: the last error of a receiver that is not active; empty if there is none
    """

    application: str
    interval: float
    stored: int
    processed: int
    waiting: int
    receivers: tuple[int, int]
    receiver_error: str
    batches: tuple[Batch, ...]


class SparkStreams:
    """Asks a driver; its REST interface has a path for each application and micro-batch."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server
        self.forget()

    def forget(self) -> None:
        self._application = ""
        self._batches: dict[int, Batch] = {}
        self._error = ""
        self._samples = 0
        self.answers = False
        """Whether a driver answers, with or without DStreams."""

    def read(self) -> StreamsReading | None:
        """Return the reading; None if no driver answers, or if it has no DStreams."""
        self.answers = False
        try:
            if not self._application:
                self._application = self._server.get("/api/v1/applications")[0]["id"]
            self.answers = True
            statistics = self._ask("statistics")
            self._read_batches(statistics)
            self._samples += 1
            if self._samples % RECEIVERS_EVERY == 1:
                self._error = _error_of(self._ask("receivers"))
        except NotFound:  # another driver has the port now, or this one has no DStreams
            answers, application = self.answers, self._application
            self.forget()
            self.answers = answers and self._is_still(application)
            return None
        except (NotThere, LookupError, TypeError):
            self.forget()
            return None
        return StreamsReading(
            application=self._application,
            interval=statistics["batchDuration"] / 1000,
            stored=int(statistics["numReceivedRecords"]),
            processed=int(statistics["numProcessedRecords"]),
            waiting=int(statistics["numActiveBatches"]),
            receivers=(int(statistics["numActiveReceivers"]), int(statistics["numReceivers"])),
            receiver_error=self._error,
            batches=tuple(self._batches[time] for time in sorted(self._batches)),
        )

    def _is_still(self, application: str) -> bool:
        try:
            found: str = self._server.get("/api/v1/applications")[0]["id"]
        except (NotThere, NotFound, LookupError):
            return False
        return found == application

    def _ask(self, what: str) -> Any:
        return self._server.get(f"/api/v1/applications/{self._application}/streaming/{what}")

    def _read_batches(self, statistics: Mapping[str, Any]) -> None:
        """Ask for the micro-batches that are new or were not done; an answer with all is long."""
        interval = int(statistics["batchDuration"])
        known = sorted(self._batches)
        open_ones = [time for time in known if not self._batches[time].done]
        seen = len(known)
        total = int(statistics["numTotalCompletedBatches"]) + int(statistics["numActiveBatches"])
        first = open_ones[0] if open_ones else (known[-1] + interval if known else 0)
        wanted = range(first, first + interval * ASKED_AT_ONCE, interval) if seen else ()
        if wanted and self._ask_one_by_one(wanted):
            pass
        elif total:
            for batch in self._ask("batches"):
                self._keep(batch)
        for time in sorted(self._batches)[:-BATCHES_KEPT]:
            del self._batches[time]

    def _ask_one_by_one(self, times: range) -> bool:
        """Return whether the end of the batches was reached."""
        for time in times:
            try:
                self._keep(self._ask(f"batches/{time}"))
            except NotFound:
                return True
        return False

    def _keep(self, batch: Mapping[str, Any]) -> None:
        self._batches[int(batch["batchId"])] = Batch(
            time=int(batch["batchId"]) / 1000,
            rows=int(batch["inputSize"]),
            scheduling=_seconds(batch.get("schedulingDelay")),
            processing=_seconds(batch.get("processingTime")),
            done=batch["status"] == "COMPLETED",
        )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _error_of(receivers: list[Mapping[str, Any]]) -> str:
    for receiver in receivers:
        if not receiver.get("isActive") and receiver.get("lastErrorMessage"):
            when = receiver.get("lastErrorTime") or datetime.now(UTC).isoformat()
            return f"{receiver['lastErrorMessage']} ({when})"
    return ""
