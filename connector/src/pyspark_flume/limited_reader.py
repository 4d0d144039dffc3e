"""Limit the micro-batches of ``format("flume")``. Only Spark 4.2 and later can import this module.

Spark calls it admission control: it tells the reader where a micro-batch starts and how large it
may be, and the reader answers where it ends.
"""

from collections.abc import Sequence
from typing import Any

from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxBytes,
    ReadMaxRows,
    SupportsTriggerAvailableNow,
)

from pyspark_flume.datasource_readers import FlumeStreamReader
from pyspark_flume.options.source import SourceOptions


class LimitedStreamReader(FlumeStreamReader, SupportsTriggerAvailableNow):
    """Obeys `maxRowsPerTrigger` and `maxBytesPerTrigger`, also with Trigger.AvailableNow."""

    def __init__(self, options: SourceOptions, columns: Sequence[tuple[str, str]]) -> None:
        super().__init__(options, columns)
        self._target: int | None = None  # where Trigger.AvailableNow ends

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
