"""``spark.readStream.format("flume")``: Flume's events for Structured Streaming.

Where a query gives a `port`, its driver runs the receiver (`pyspark_flume.receiver`), and where it
gives `agents` the poller (`pyspark_flume.poller`); else one of them runs elsewhere. In any case the
events are in a landing log (`pyspark_flume.landing`) that driver and executors share, and an offset
is a number of events in it. Spark's Python Data Source API:
https://spark.apache.org/docs/latest/api/python/tutorial/sql/python_data_source.html
"""

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    InputPartition,
)
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxBytes,
    ReadMaxRows,
    SupportsTriggerAvailableNow,
)
from pyspark.sql.types import (
    BinaryType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from pyspark_flume.errors import OffsetForeign, OptionInvalid
from pyspark_flume.events.columns import part, scan_events
from pyspark_flume.landing import Block, Landing, commit
from pyspark_flume.option_types import EARLIEST, LATEST
from pyspark_flume.options import SourceOptions

if TYPE_CHECKING:
    import pyarrow as pa

    from pyspark_flume.ingest.background import BackgroundService

# Each with the types that it may have; the first one is the default.
COLUMNS = {
    "body": (BinaryType(), StringType()),
    "headers": (MapType(StringType(), StringType()),),
    "timestamp": (TimestampType(),),
    "offset": (LongType(),),
    "arrival": (TimestampType(),),
}

# A task for less costs more than it reads.
ROWS_PER_PARTITION = 150_000
# Rows of an Arrow batch, as Spark has them; a block of the log has about 1,000.
ROWS_PER_BATCH = 10_000


class FlumeDataSource(DataSource):
    """Schema: ``body binary, headers map<string,string>, timestamp timestamp, offset bigint,
    arrival timestamp``.

    `timestamp` is the event's header of that name (ms since 1970) where it has one, else `arrival`,
    when the receiver took it in. `offset` is the event's number in the log. Options are in
    docs/structured-streaming.md.

    Spark passes all columns of a Python source on, wanted or not, so ``.schema("body string")``
    may name those that are wanted, in any order. `body` may then be a string.
    """

    def __init__(self, options: MutableMapping[str, str]) -> None:
        # Refused here an option is reported at load(), with its name.
        self._options = SourceOptions.parse(options)

    @classmethod
    def name(cls) -> str:
        """As in ``format("flume")``."""
        return "flume"

    def schema(self) -> StructType:
        """Without `headers` where the option turns them off."""
        fields = [StructField(name, kinds[0]) for name, kinds in COLUMNS.items()]
        return StructType([f for f in fields if self._options.headers or f.name != "headers"])

    def streamReader(self, schema: StructType) -> "FlumeStreamReader":  # noqa: N802 - Spark's name
        """For ``readStream``."""
        return FlumeStreamReader(self._options, _columns(schema))

    def reader(self, schema: StructType) -> "FlumeBatchReader":
        """For ``read``: all that is in the log now."""
        if self._options.ingestion:
            raise OptionInvalid(
                "options port and agents are for readStream; read a landing log without them"
            )
        return FlumeBatchReader(self._options, _columns(schema))


@dataclass
class EventRange(InputPartition):
    """A task's part: the events `start` to `end` - 1 of the log."""

    start: int
    end: int


class _Reader:
    """What both readers do: split a range into tasks, and read a task's part on an executor."""

    def __init__(self, options: SourceOptions, columns: Sequence[tuple[str, str]]) -> None:
        self._options = options
        self._columns = columns

    def read(self, partition: InputPartition) -> "Iterator[pa.RecordBatch]":
        """The events of a part, as Arrow batches."""
        from pyspark_flume.arrow import record_batch, schema_of

        assert isinstance(partition, EventRange)
        schema = schema_of(self._columns)
        for blocks in _groups(Landing(self._options.landing), partition):
            counts = [block.count for block in blocks]
            columns = scan_events(b"".join(block.items for block in blocks), sum(counts))
            arrival = np.repeat([block.arrival_ms for block in blocks], counts)
            start = blocks[0].first
            # The first and the last block may belong to two tasks.
            first = max(partition.start - start, 0)
            last = min(partition.end - start, columns.count)
            events = part(columns, first, last)
            yield record_batch(events, start + first, arrival[first:last], schema)

    def _split(self, start: int, end: int) -> list[EventRange]:
        rows = end - start
        if not rows:
            return []
        wanted = max(self._options.partitions_min, -(-rows // ROWS_PER_PARTITION))
        parts = min(wanted, rows)
        edges = [start + rows * part // parts for part in range(parts + 1)]
        return [EventRange(*edge) for edge in pairwise(edges)]


class FlumeBatchReader(_Reader, DataSourceReader):
    """The events from `startingOffset` up to now."""

    def partitions(self) -> list[EventRange]:
        """Planned once, when the query starts."""
        landing = Landing(self._options.landing)
        end = landing.latest()
        start = _starting(landing, self._options)
        return self._split(start, end) or [EventRange(end, end)]


class FlumeStreamReader(_Reader, DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Runs in the driver's Python process, but for `read`.

    An offset is ``{"landing": id, "events": n}``: the first n events ever stored in that log. It is
    made anew in each process that plans a query, so nothing is opened before Spark asks for an
    offset.
    """

    def __init__(self, options: SourceOptions, columns: Sequence[tuple[str, str]]) -> None:
        super().__init__(options, columns)
        self._ingestion: BackgroundService | None = None
        self._log: Landing | None = None
        self._target: int | None = None  # Trigger.AvailableNow: the end

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802
        """Where a query without a checkpoint begins."""
        log = self._open()
        return self._offset(_starting(log, self._options))

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802
        """By `maxRowsPerTrigger` or `maxBytesPerTrigger`."""
        if self._options.rows_max:
            return ReadMaxRows(self._options.rows_max)
        if self._options.bytes_max:
            return ReadMaxBytes(self._options.bytes_max)
        return ReadAllAvailable()

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802
        """How far the next micro-batch reads."""
        log = self._open()
        first = self._events(start)
        end = max(first, log.latest() if self._target is None else self._target)
        if isinstance(limit, ReadMaxRows):
            end = min(end, first + limit.max_rows)
        elif isinstance(limit, ReadMaxBytes) and end > first:
            end = min(end, log.limit_bytes(first, limit.max_bytes))
        log.blocks(first, end)  # raises where retention has removed what the checkpoint wants
        return self._offset(end)

    def reportLatestOffset(self) -> dict[str, Any]:  # noqa: N802
        """How far the log goes: with the end of a micro-batch it tells the lag."""
        return self._offset(self._open().latest())

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802
        """What comes from now on is left to the next run."""
        self._target = self._open().latest()

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """The tasks of a micro-batch; none where it is empty."""
        self._open()
        return self._split(self._events(start), self._events(end))

    def commit(self, end: dict[str, Any]) -> None:
        """Spark has recorded that all up to `end` is done."""
        if self._options.consumer:
            commit(self._options.landing, self._options.consumer, self._events(end))

    def stop(self) -> None:
        """Let go of port and log. Spark may end the process without calling it."""
        if self._ingestion:
            self._ingestion.stop()

    def _open(self) -> Landing:
        if self._options.ingestion and not self._ingestion:
            # Tasks import this module, too, and do without what only a driver needs.
            from pyspark_flume.ingest.background import BackgroundService

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
                f"the checkpoint goes with landing log {offset['landing']}, but "
                f"{self._options.landing} holds {log.id}; bring the log back, or start the query "
                "with a new checkpoint, which reads this log from startingOffset"
            )
        return int(offset["events"])


def _columns(schema: StructType) -> list[tuple[str, str]]:
    """Name and type of each column; raises `OptionInvalid` for one that the source has not."""
    wrong = [
        f for f in schema.fields if f.dataType not in COLUMNS.get(f.name, ()) or not f.nullable
    ]
    if wrong:
        columns = (f"{name} {kinds[0].simpleString()}" for name, kinds in COLUMNS.items())
        raise OptionInvalid(
            f"schema({schema.simpleString()}): no such column {wrong[0].simpleString()}; there is "
            f"{', '.join(columns)}, and body may be a string; or leave out .schema(…)"
        )
    return [(field.name, field.dataType.simpleString()) for field in schema.fields]


def _groups(log: Landing, events: EventRange) -> Iterator[list[Block]]:
    """Neighbouring blocks: what is done once for each Arrow batch is not done for each block."""
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
