"""Plan how ``format("flume")`` reads a landing log; without our jar, also read it as Arrow batches.

An offset is a number of events in the log. Tasks import this module, so it imports the receiver and
the poller only when a driver needs them.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark import __version__ as spark_version
from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader, InputPartition

from pyspark_flume.errors import OffsetForeign
from pyspark_flume.events.event_positions import scan_events, slice_events
from pyspark_flume.landing import Block, Landing, commit
from pyspark_flume.landing.reader import READ_BYTES
from pyspark_flume.options.source import SourceOptions
from pyspark_flume.options.value_types import EARLIEST, LATEST

if TYPE_CHECKING:
    import pyarrow as pa

    from pyspark_flume.ingest.background_service import BackgroundService

logger = logging.getLogger(__name__)

# A task for fewer rows costs more than it reads.
ROWS_PER_PARTITION = 150_000
# Rows of an Arrow batch: Spark's default. A block of the log has about 1,000.
ROWS_PER_BATCH = 10_000


@dataclass
class EventRange(InputPartition):
    """A task's part: the events `start` to `end` - 1 of the log in the folder `landing`."""

    landing: str
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
        return [EventRange(str(self._options.landing), *edge) for edge in pairwise(edges)]


class FlumeBatchReader(LandingReader, DataSourceReader):
    """Reads the events from `startingOffset` up to now."""

    def partitions(self) -> list[EventRange]:
        """Return the tasks. Spark calls this once, when the query starts."""
        landing = Landing(self._options.landing)
        end = landing.latest()
        start = _starting(landing, self._options)
        return self._split(start, end) or [EventRange(str(self._options.landing), end, end)]


class FlumeStreamReader(LandingReader, DataSourceStreamReader):
    """Runs in the driver's Python process, except for `read`.

    Spark asks a subclass for `latestOffset`: from 4.2 on `limited_reader.LimitedStreamReader`,
    before `UnlimitedStreamReader`.

    An offset is ``{"landing": id, "events": n}``: the first n events ever stored in that log. Spark
    makes a new reader in each process that plans a query, so nothing is opened before Spark asks
    for an offset.
    """

    def __init__(self, options: SourceOptions, columns: Sequence[tuple[str, str]]) -> None:
        super().__init__(options, columns)
        self._ingestion: BackgroundService | None = None
        self._log: Landing | None = None

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802
        """Return where a query without a checkpoint begins."""
        log = self._open()
        return self._offset(_starting(log, self._options))

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


class UnlimitedStreamReader(FlumeStreamReader):
    """For Spark 4.0 and 4.1, where a source cannot limit a micro-batch."""

    _told = False

    def latestOffset(self) -> dict[str, Any]:  # noqa: N802
        """Return the log's end; Spark does not say where the micro-batch starts."""
        if not self._told and (self._options.rows_max or self._options.bytes_max):
            self._told = True
            logger.warning(
                "pyspark_flume: maxRowsPerTrigger and maxBytesPerTrigger need Spark 4.2 or later; "
                "on Spark %s a micro-batch reads all events that are there",
                spark_version,
            )
        return self._offset(self._open().latest())

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """Return the tasks of a micro-batch; raise if retention has removed some of its events."""
        tasks = super().partitions(start, end)
        self._open().blocks(self._events(start), self._events(end))
        return tasks


def _groups(log: Landing, events: EventRange) -> Iterator[list[Block]]:
    """Yield groups of neighbouring blocks, because each Arrow batch has a fixed cost."""
    group: list[Block] = []
    size = 0
    for block in log.blocks(events.start, events.end):
        # Joined blocks must stay below the 2 GiB that Arrow's offsets reach; one block is smaller.
        if group and size + len(block.items) > READ_BYTES:
            yield group
            group, size = [], 0
        group.append(block)
        size += len(block.items)
        if block.first + block.count - group[0].first >= ROWS_PER_BATCH:
            yield group
            group, size = [], 0
    if group:
        yield group


def _starting(log: Landing, options: SourceOptions) -> int:
    if options.starting == EARLIEST:
        return log.earliest()
    if options.starting == LATEST:
        return log.latest()
    assert isinstance(options.starting, int)
    return log.at(options.starting)
