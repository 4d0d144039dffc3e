"""Tells the lab how far a program is: its windows, and the progress of each query.

The program replaces the file `PROGRESS_FILE` atomically:

    {"interval": 1.0, "windows": [{"length": 300.0, "slide": 1.0}],
     "queries": {"totals": {"rows": 10000, "last": {"batchId": 7, "numInputRows": 1000, …}}}}

`interval` and the windows are in seconds, of a program of DStreams. A query has the `rows` that it
has read so far, and `last`, which is Spark's own progress of its last micro-batch.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.streaming import StreamingContext


def tell_streams(ssc: StreamingContext) -> None:
    """Write the batch interval and the windows of a StreamingContext that has started."""
    with suppress(Exception):  # a page that shows less is no reason for a program to end
        _write(of_streams(ssc))


def _write(found: dict[str, Any]) -> None:
    if file := os.environ.get("PROGRESS_FILE"):
        new = Path(f"{file}.new")
        new.write_text(json.dumps(found))
        new.replace(file)


def of_streams(ssc: StreamingContext) -> dict[str, Any]:
    """Return the batch interval and the windows of a StreamingContext that has started."""
    graph = ssc._jssc.ssc().graph()
    windows = {
        (stream.windowDuration().milliseconds(), stream.slideDuration().milliseconds())
        for stream in _streams(graph)
        if "WindowedDStream" in stream.getClass().getSimpleName()
    }
    return {
        "interval": graph.batchDuration().milliseconds() / 1000,
        "windows": [
            {"length": length / 1000, "slide": slide / 1000} for length, slide in sorted(windows)
        ],
        "queries": {},
    }


def _streams(graph: Any) -> Iterator[Any]:
    """Yield each DStream of a graph once, from its outputs back to its inputs."""
    waiting, seen = list(graph.getOutputStreams()), set()
    while waiting:
        stream = waiting.pop()
        if stream.hashCode() not in seen:
            seen.add(stream.hashCode())
            yield stream
            parents = stream.dependencies()
            waiting += [parents.apply(place) for place in range(parents.size())]


class Queries:
    """Adds up the rows of each query, micro-batch by micro-batch."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._last: dict[str, dict[str, Any]] = {}

    def tell(self, spark: SparkSession) -> None:
        """Write how far the queries are."""
        with suppress(Exception):  # Spark may be ending
            _write(self.read(spark))

    def read(self, spark: SparkSession) -> dict[str, Any]:
        """Ask each query that runs; the last numbers of one that has ended stay."""
        for query in spark.streams.active:
            name = name_of(query)
            seen = self._last.get(name, {}).get("batchId", -1)
            for progress in _since(query, seen):
                # A trigger without new data reports the same micro-batch again, with 0 rows.
                rows = progress["numInputRows"] if progress["batchId"] > seen else 0
                self._rows[name] = self._rows.get(name, 0) + rows
                self._last[name] = progress
                seen = progress["batchId"]
        queries = {
            name: {"rows": self._rows[name], "last": last} for name, last in self._last.items()
        }
        return {"interval": None, "windows": [], "queries": queries}


def _since(query: Any, seen: int) -> list[dict[str, Any]]:
    """Return the progress of the micro-batches after `seen`; all are asked for if one is missed."""
    last = query._jsq.lastProgress()
    if last is None:
        return []
    newest = json.loads(last.json())
    if newest["batchId"] <= seen + 1:
        return [newest]
    recent = [json.loads(progress.json()) for progress in query._jsq.recentProgress()]
    return [progress for progress in recent if progress["batchId"] > seen] or [newest]


def name_of(query: Any) -> str:
    """Return a query's name; without one, the name of its checkpoint's folder."""
    if query.name:
        return str(query.name)
    execution = query._jsq.streamingQuery()
    return str(execution.resolvedCheckpointRoot()).rstrip("/").rpartition("/")[2]
