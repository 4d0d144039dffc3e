"""The batches that have been appended to a landing log and are not durable yet."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark_flume.errors import LandingWriteFailed
from pyspark_flume.landing.seen_ranges import FileRange, SeenRanges


@dataclass(frozen=True)
class PendingBatch:
    """A batch that waits for its commit.

    :param prefix: the bytes before the items in the block
    :param crc: crc32 of the whole block
    """

    prefix: bytes
    items: memoryview
    count: int
    runs: Sequence[FileRange]
    crc: int
    arrival_ms: int


class PendingBatches:
    """The batches that wait for a commit, and the ranges seen, including those of these batches.

    A commit calls `take`, and then `stored` or `forget`. Only one commit may run at a time, but
    other threads may call `add` and `missing` meanwhile.

    :param seen: the ranges of all durable batches
    :param arrival_ms: when the last durable batch arrived, ms since 1970
    """

    def __init__(self, seen: SeenRanges, arrival_ms: int) -> None:
        self._durable_seen = seen  # only the commit uses it
        self._lock = threading.Lock()  # guards the rest
        self._seen = seen.copy()
        self._batches: list[PendingBatch] = []
        self._arrival_ms = arrival_ms
        self._used_since_take = False  # whether a caller may rely on the batches being committed
        self._failure_to_repeat: str | None = None  # what to tell those callers

    def add(
        self, prefix: bytes, items: memoryview, count: int, runs: Sequence[FileRange], crc: int
    ) -> None:
        """Add a batch, which arrives now."""
        with self._lock:
            self._used_since_take = True
            # It never decreases, even if the clock is set back.
            self._arrival_ms = max(self._arrival_ms, time.time_ns() // 1_000_000)
            self._batches.append(PendingBatch(prefix, items, count, runs, crc, self._arrival_ms))
            for run in runs:
                self._seen.add(run.file, run.start, run.end)

    def missing(self, run: FileRange) -> list[tuple[int, int]]:
        """Return the byte ranges of `run` that no batch contained; see `SeenRanges.missing`."""
        with self._lock:
            self._used_since_take = True
            return self._seen.missing(run.file, run.start, run.end)

    def take(self) -> Sequence[PendingBatch]:
        """Return all batches, for a commit.

        Raises `LandingWriteFailed` once if the last commit failed and a caller had relied on it.
        """
        with self._lock:
            failure, self._failure_to_repeat = self._failure_to_repeat, None
            batches, self._batches = self._batches, []
            if failure:
                self._seen = self._durable_seen.copy()
                raise LandingWriteFailed(failure)
            self._used_since_take = False
        return batches

    def stored(self, batches: Sequence[PendingBatch]) -> None:
        """Note that the taken batches are durable now."""
        for batch in batches:
            for run in batch.runs:
                self._durable_seen.add(run.file, run.start, run.end)

    def forget(self, failure: str) -> None:
        """Forget everything that is not durable, because the commit of the taken batches failed."""
        with self._lock:
            self._batches = []
            self._seen = self._durable_seen.copy()
            if self._used_since_take:
                self._failure_to_repeat = failure

    def discard(self) -> None:
        """Forget what is not durable, when each caller has been told. No commit may be running."""
        with self._lock:
            self._batches = []
            self._seen = self._durable_seen.copy()
            self._used_since_take = False
            self._failure_to_repeat = None

    def durable_seen(self) -> str:
        """Return the snapshot of the ranges of all durable batches."""
        return self._durable_seen.snapshot()
