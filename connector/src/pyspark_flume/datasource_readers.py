"""Read a landing log for ``format("flume")``: the driver plans by offset, tasks make Arrow batches.

An offset is a number of events in the log. Tasks import this module, so it imports the receiver and
the poller only when a driver needs them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxBytes,
    ReadMaxRows,
    SupportsTriggerAvailableNow,
)

from pyspark_flume.errors import OffsetForeign
from pyspark_flume.events.event_positions import scan_events, slice_events
from pyspark_flume.landing import Block, Landing, commit
from pyspark_flume.options.source import SourceOptions
from pyspark_flume.options.value_types import EARLIEST, LATEST

if TYPE_CHECKING:
    import pyarrow as pa

    from pyspark_flume.ingest.background_service import BackgroundService

# A task for fewer rows costs more than it reads.
ROWS_PER_PARTITION = 150_000
# Rows of an Arrow batch: Spark's default. A block of the log has about 1,000.
ROWS_PER_BATCH = 10_000


@dataclass
class EventRange(InputPartition):
    """A task's part: the events `start` to `end` - 1 of the log."""

    start: int
    end: int


class LandingReader:
    """What both readers do: split a range into tasks, and read a task's part on an executor."""

    def __init__(self, options: SourceOptions, columns: Sequence[tuple[str, str]]) -> None:
        self._options = options
        self._columns = columns

    def read(self, partition: InputPartition) -> "Iterator[pa.RecordBatch]":
        """Yield the events of a part as Arrow batches. Spark calls this in a task."""
        from pyspark_flume.arrow import record_batch, schema_of

        assert isinstance(partition, EventRange)
        schema = schema_of(self._columns)
        for blocks in _groups(Landing(self._options.landing), partition):
            counts = [block.count for block in blocks]
            columns = scan_events(b"".join(block.items for block in blocks), sum(counts))
            arrival = np.repeat([block.arrival_ms for block in blocks], counts)
            start = blocks[0].first
            # Two tasks may share the first or the last block.
            first = max(partition.start - start, 0)
            last = min(partition.end - start, columns.count)
            events = slice_events(columns, first, last)
            yield record_batch(events, start + first, arrival[first:last], schema)

    def _split(self, start: int, end: int) -> list[EventRange]:
        rows = end - start
        if not rows:
            return []
        wanted = max(self._options.partitions_min, -(-rows // ROWS_PER_PARTITION))
        parts = min(wanted, rows)
        edges = [start + rows * part // parts for part in range(parts + 1)]
        return [EventRange(*edge) for edge in pairwise(edges)]


class FlumeBatchReader(LandingReader, DataSourceReader):
    """Reads the events from `startingOffset` up to now."""

    def partitions(self) -> list[EventRange]:
        """Return the tasks. Spark calls this once, when the query starts."""
        landing = Landing(self._options.landing)
        end = landing.latest()
        start = _starting(landing, self._options)
        return self._split(start, end) or [EventRange(end, end)]


class FlumeStreamReader(LandingReader, DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Runs in the driver's Python process, except for `read`.

    An offset is ``{"landing": id, "events": n}``: the first n events ever stored in that log. Spark
    makes a new reader in each process that plans a query, so nothing is opened before Spark asks
    for an offset.
    """

    def __init__(self, options: SourceOptions, columns: Sequence[tuple[str, str]]) -> None:
        super().__init__(options, columns)
        self._ingestion: BackgroundService | None = None
        self._log: Landing | None = None
        self._target: int | None = None  # where Trigger.AvailableNow ends

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802
        """Return where a query without a checkpoint begins."""
        log = self._open()
        return self._offset(_starting(log, self._options))

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802
        """Return the limit of `maxRowsPerTrigger` or `maxBytesPerTrigger`."""
        if self._options.rows_max:
            return ReadMaxRows(self._options.rows_max)
        if self._options.bytes_max:
            return ReadMaxBytes(self._options.bytes_max)
        return ReadAllAvailable()

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802
        """Return how far the next micro-batch reads."""
        log = self._open()
        first = self._events(start)
        end = max(first, log.latest() if self._target is None else self._target)
        if isinstance(limit, ReadMaxRows):
            end = min(end, first + limit.max_rows)
        elif isinstance(limit, ReadMaxBytes) and end > first:
            end = min(end, log.limit_bytes(first, limit.max_bytes))
        log.blocks(first, end)  # raises if retention has removed what the checkpoint needs
        return self._offset(end)

    def reportLatestOffset(self) -> dict[str, Any]:  # noqa: N802
        """Return the log's end; the query's lag is its distance from a micro-batch's end."""
        return self._offset(self._open().latest())

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802
        """Leave events that arrive from now on to the next run."""
        self._target = self._open().latest()

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """Return the tasks of a micro-batch; none if it is empty."""
        self._open()
        return self._split(self._events(start), self._events(end))

    def commit(self, end: dict[str, Any]) -> None:
        """Record that all events up to `end` are processed. Spark calls this once it knows that."""
        if self._options.consumer:
            commit(self._options.landing, self._options.consumer, self._events(end))

    def stop(self) -> None:
        """Release the port and the log. Spark may end the process without calling this."""
        if self._ingestion:
            self._ingestion.stop()

    def _open(self) -> Landing:
        if self._options.ingestion and not self._ingestion:
            from pyspark_flume.ingest.background_service import BackgroundService

            self._ingestion = BackgroundService.start(self._options.ingestion)
        if self._ingestion:
            self._ingestion.check()
        if not self._log:
            self._log = Landing(self._options.landing)
        return self._log

    def _offset(self, events: int) -> dict[str, Any]:
        return {"landing": self._open().id, "events": events}

    def _events(self, offset: dict[str, Any]) -> int:
        log = self._open()
        if offset["landing"] != log.id:
            raise OffsetForeign(
                f"the checkpoint belongs to landing log {offset['landing']}, but "
                f"{self._options.landing} holds {log.id}; bring the log back, or start the query "
                "with a new checkpoint, which reads this log from startingOffset"
            )
        return int(offset["events"])


def _groups(log: Landing, events: EventRange) -> Iterator[list[Block]]:
    """Yield groups of neighbouring blocks, because each Arrow batch has a fixed cost."""
    group: list[Block] = []
    for block in log.blocks(events.start, events.end):
        group.append(block)
        if block.first + block.count - group[0].first >= ROWS_PER_BATCH:
            yield group
            group = []
    if group:
        yield group


def _starting(log: Landing, options: SourceOptions) -> int:
    if options.starting == EARLIEST:
        return log.earliest()
    if options.starting == LATEST:
        return log.latest()
    assert isinstance(options.starting, int)
    return log.at(options.starting)
