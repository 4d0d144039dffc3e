"""Asks Spark, inside the driver, how many events it has stored and counted."""

import json
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.streaming import StreamingContext

from flumelab.own import surroundings


class Progress:
    """Writes JSON to a file, which is replaced atomically.

    - ``stored``: events that receivers have stored; ``counted``: events in batches that are done
    - ``queries``: by a structured query's name, the rows that its micro-batches have read
    - ``failure``: the lines that explain why the program has failed; empty if it has not
    - ``listens``: ports of the program's receivers; ``polls``: host and port of each SparkSink
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stored = self._counted = 0
        self._rows: dict[str, dict[int, int]] = {}
        self.failure: list[str] = []

    def write(self) -> None:
        """Ask Spark and write its numbers; the last numbers stay after Spark has ended."""
        self._ask_streams()
        self._ask_queries()
        rows = {name: sum(batches.values()) for name, batches in self._rows.items()}
        new = self._file.with_suffix(".new")
        state = {
            "stored": self._stored,
            "counted": self._counted,
            "queries": rows,
            "failure": self.failure,
            "listens": sorted(surroundings.listens),
            "polls": sorted(surroundings.polls),
        }
        new.write_text(json.dumps(state))
        new.replace(self._file)

    def end_streams(self) -> None:
        """End streams and queries once they have counted everything that was received."""
        if streaming := StreamingContext.getActive():
            streaming.stop(stopSparkContext=False, stopGraceFully=True)
            self._ask(streaming)
        if spark := self.session():
            for query in spark.streams.active:
                query.processAllAvailable()
                self._ask_queries()
                query.stop()

    @staticmethod
    def session() -> Any:
        """Return the program's Spark session; None if it has none."""
        return SparkSession.getActiveSession() or SparkSession._instantiatedSession

    def _ask_streams(self) -> None:
        if SparkContext._active_spark_context and (streaming := StreamingContext.getActive()):
            self._ask(streaming)

    def _ask(self, streaming: Any) -> None:
        listener = streaming._jssc.ssc().progressListener()
        self._stored = max(self._stored, int(listener.numTotalReceivedRecords()))
        self._counted = max(self._counted, int(listener.numTotalProcessedRecords()))

    def _ask_queries(self) -> None:
        spark = self.session()
        for query in spark.streams.active if spark else []:
            name = query.name or str(query.id)
            batches = self._rows.setdefault(name, {})
            for progress in query.recentProgress:
                batch, rows = progress["batchId"], progress["numInputRows"]
                batches[batch] = max(batches.get(batch, 0), rows or 0)
