"""Asks Spark, inside the driver, how many events it has stored and counted."""

import contextlib
import json
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.streaming import StreamingContext

from flumelab.own import surroundings
from flumelab.programs.progress import of_streams


class Progress:
    """Writes JSON to a file, which is replaced atomically.

    - ``stored``: events that receivers have stored; ``counted``: events in batches that are done
    - ``waiting``: events in batches that are not finished
    - ``windows``: length and slide of each window of DStreams; see `flumelab.programs.progress`
    - ``last``: by a structured query's name, Spark's progress of its last micro-batch
    - ``queries``: by a structured query's name, the rows that its micro-batches have read
    - ``failure``: the lines that explain why the program has failed; empty if it has not
    - ``streams_ended``: whether the lab has ended the streams
    - ``ended``: the program's exit code; null while it runs, and where it was killed
    - ``listens``: ports of the program's receivers; ``polls``: host and port of each SparkSink
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._streams: list[Any] = []
        self._counts: dict[int, tuple[int, int]] = {}
        self._streams_ended = False
        self._waiting = 0
        self._rows: dict[str, dict[int, int]] = {}
        self._last: dict[str, Any] = {}
        self._windows: list[Any] = []
        self.failure: list[str] = []
        self.ended: int | None = None

    def write(self) -> None:
        """Ask Spark, and write what it says; the last numbers stay once Spark has ended."""
        for ask in (self._ask_streams, self._ask_waiting, self._ask_queries):
            with contextlib.suppress(Exception):  # Spark may be ending, or its Java be killed
                ask()
        rows = {name: sum(batches.values()) for name, batches in self._rows.items()}
        new = self._file.with_suffix(".new")
        state = {
            "stored": sum(stored for stored, _ in self._counts.values()),
            "counted": sum(counted for _, counted in self._counts.values()),
            "waiting": self._waiting,
            "queries": rows,
            "last": self._last,
            "windows": self._windows,
            "failure": self.failure,
            "streams_ended": self._streams_ended,
            "ended": self.ended,
            "listens": sorted(surroundings.listens),
            "polls": sorted(surroundings.polls),
        }
        new.write_text(json.dumps(state))
        new.replace(self._file)

    def end_streams(self) -> None:
        """End streams and queries once they have counted all that was received."""
        try:
            self._ask_streams()
            if streaming := StreamingContext.getActive():
                streaming.stop(stopSparkContext=False, stopGraceFully=True)
            if spark := self.session():
                for query in spark.streams.active:
                    query.processAllAvailable()
                    self._ask_queries()
                    query.stop()
        except Exception as error:  # the program ends them itself, or has failed
            surroundings.tell(f"the streams cannot be ended: {str(error).partition(chr(10))[0]}")
        self._streams_ended = True

    @staticmethod
    def session() -> Any:
        """Return the program's Spark session; None if it has none."""
        return SparkSession.getActiveSession() or SparkSession._instantiatedSession

    def _ask_streams(self) -> None:
        """A program may have several contexts, one after the other; an ended one still answers."""
        active = StreamingContext.getActive() if SparkContext._active_spark_context else None
        if active and not any(active is known for known in self._streams):
            self._streams.append(active)
            with contextlib.suppress(Exception):  # the page then draws no window
                self._windows = of_streams(active)["windows"]
        for number, known in enumerate(self._streams):
            listener = known._jssc.ssc().progressListener()
            stored, counted = self._counts.get(number, (0, 0))
            self._counts[number] = (
                max(stored, int(listener.numTotalReceivedRecords())),
                max(counted, int(listener.numTotalProcessedRecords())),
            )

    def _ask_waiting(self) -> None:
        """Add up the events in batches that wait or run: a slow machine may be far behind."""
        self._waiting = 0
        active = StreamingContext.getActive() if SparkContext._active_spark_context else None
        if active:
            listener = active._jssc.ssc().progressListener()
            for batches in (listener.waitingBatches(), listener.runningBatches()):
                events = (batches.apply(i).numRecords() for i in range(batches.size()))
                self._waiting += sum(map(int, events))
            tracker = active._jssc.ssc().scheduler().receiverTracker()
            self._waiting += int(tracker.hasUnallocatedBlocks())

    def _ask_queries(self) -> None:
        spark = self.session()
        for query in spark.streams.active if spark else []:
            name = query.name or str(query.id)
            batches = self._rows.setdefault(name, {})
            if last := query._jsq.lastProgress():
                self._last[name] = json.loads(last.json())
            for progress in query.recentProgress:
                batch, rows = progress["batchId"], progress["numInputRows"]
                batches[batch] = max(batches.get(batch, 0), rows or 0)
