"""Counts the micro-batches that Spark has finished, so that a busy machine is only waited for.

A number that has not changed for some seconds may still change on a machine that is busy. Once
Spark has finished further micro-batches, or its queries have nothing left to read, it cannot.
"""

import time
from contextlib import suppress
from typing import Any

from flumelab.learn.warm_spark import WarmSpark


class Pulse:
    """The micro-batches since the last `mark`; a connection to the warm JVM, inside a ``with``."""

    def __init__(self, spark: WarmSpark | None) -> None:
        self._spark = spark
        self._marked = 0
        self._marked_at = 0.0
        self._idle = 0
        self._was_query = False

    def __enter__(self) -> "Pulse":
        self._gateway = self._spark.gateway() if self._spark else None
        return self

    def __exit__(self, *_: object) -> None:
        if self._gateway:
            self._gateway.close()

    @property
    def is_known(self) -> bool:
        """Whether Spark can be asked; it cannot in a container."""
        return self._gateway is not None

    def mark(self) -> None:
        """Begin to count anew, because something has changed."""
        self._idle = 0
        self._marked_at = time.time()
        self._marked, _ = self._completed() or (0, 0.0)

    def beats(self) -> int:
        """Return how many micro-batches have been finished that began after the mark.

        Spark may be some batches behind; those that it still catches up on do not count. A query
        makes none while there is nothing to read; each time that it is asked and found idle again
        counts as one.
        """
        if (finished := self._completed()) is not None:
            completed, newest = finished
            if newest <= self._marked_at:
                self._marked = completed
            return completed - self._marked
        self._idle = self._idle + 1 if self._queries_rest() else 0
        return max(0, self._idle - 1)

    def seconds_behind(self) -> float:
        """Return how old the newest finished micro-batch of DStreams is; 0 if none runs."""
        finished = self._completed()
        return max(0.0, time.time() - finished[1]) if finished and finished[1] else 0.0

    def _completed(self) -> tuple[int, float] | None:
        """The number of finished micro-batches of DStreams, and the newest one's time.

        None if no streams run. The time is in seconds since 1970; it is 0 without a batch.
        """
        with suppress(Exception):  # Py4J's, while the program starts or ends
            found = self._jvm.org.apache.spark.streaming.StreamingContext.getActive()
            if found.isDefined():
                listener = found.get().progressListener()
                batch = listener.lastCompletedBatch()
                newest = batch.get().batchTime().milliseconds() / 1000 if batch.isDefined() else 0.0
                return int(listener.numTotalCompletedBatches()), newest
        return None

    def _queries_rest(self) -> bool:
        with suppress(Exception):
            found = self._jvm.org.apache.spark.sql.classic.SparkSession.getDefaultSession()
            if found.isDefined():
                states = [query.status() for query in found.get().streams().active()]
                # A query that still starts has no trigger either; its status says Initializing.
                busy = [
                    state
                    for state in states
                    if state.isDataAvailable()
                    or state.isTriggerActive()
                    or not state.message().startswith("Waiting")
                ]
                return bool(states) and not busy
        return False

    @property
    def _jvm(self) -> Any:
        assert self._gateway
        return self._gateway.jvm
