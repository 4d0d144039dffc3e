"""Asks Spark, inside the driver, how many events it has stored and counted."""

import contextlib
import json
import threading
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.streaming import StreamingContext

from flumelab.own import patches, program_paths, stream_kinds, surroundings
from flumelab.own.stream_kinds import FilesRead
from flumelab.programs.progress import name_of, of_streams


class Progress:
    """Writes JSON to a file, which is replaced atomically.

    - ``stored``: events that receivers have stored; ``counted``: events in batches that are done
    - ``waiting``: events in batches that are not finished; ``batches``: the number of these batches
    - ``receivers``: whether a stream has a receiver; ``other_streams``: kinds of streams whose
      lines nobody counts
    - ``files``: ``lines`` that streams of files have read, why they are ``unsure``, and a file that
      was ``grown`` after Spark had read it; null without such a stream
    - ``interval``: seconds from batch to batch
    - ``folders``: folders that the program reads; ``active``: whether streams or queries run
    - ``told``: the sentences on what the lab has replaced
    - ``windows``: ``length`` and ``slide`` of each window of the streams, in seconds
    - ``queries``: by a structured query's name, the rows that its micro-batches have read
    - ``last``: by its name, Spark's progress of its last micro-batch
    - ``failure``: the lines that explain why the program has failed; empty if it has not
    - ``streams_ended``: whether the lab has ended the streams
    - ``ended``: the program's exit code; null while it runs, and where it was killed
    - ``listens``: ports of the program's receivers; ``polls``: host and port of each SparkSink
    - ``sockets``: by a port that the lab serves, its ``clients`` and the ``lines`` sent so far
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._streams: list[Any] = []
        self._counts: dict[int, tuple[int, int]] = {}
        self._streams_ended = False
        self._waiting = 0
        self._batches = 0
        self._asking = threading.Lock()  # the streams are ended in a thread of its own
        self._queries: dict[str, Any] = {}
        self._names: dict[str, str] = {}
        self._rows: dict[str, dict[int, int]] = {}
        self._last: dict[str, Any] = {}
        self._windows: list[dict[str, float]] = []
        self._receivers = False
        self._others: set[str] = set()
        self._files: list[FilesRead | None] = []
        self._active = False
        self._interval = 0.0
        self.failure: list[str] = []
        self.ended: int | None = None

    def write(self) -> None:
        """Ask Spark, and write what it says; the last numbers stay once Spark has ended."""
        for ask in (self._ask_streams, self._ask_files, self._ask_waiting, self._ask_queries):
            # Spark may be ending, or its Java be killed.
            with contextlib.suppress(Exception), self._asking:
                ask()
        rows = {name: sum(batches.values()) for name, batches in self._rows.items()}
        files = [each for each in self._files if each]
        read = {
            "lines": sum(each.lines for each in files),
            "unsure": next((each.unsure for each in files if each.unsure), ""),
            "grown": next((each.grown for each in files if each.grown), ""),
        }
        new = self._file.with_suffix(".new")
        state = {
            "stored": sum(stored for stored, _ in self._counts.values()),
            "counted": sum(counted for _, counted in self._counts.values()),
            "waiting": self._waiting,
            "batches": self._batches,
            "receivers": self._receivers,
            "files": read if files else None,
            "other_streams": sorted(self._others),
            "interval": self._interval,
            "folders": sorted(program_paths.folders_read),
            "active": self._active,
            "told": patches.told,
            "windows": self._windows,
            "queries": rows,
            "last": self._last,
            "failure": self.failure,
            "streams_ended": self._streams_ended,
            "ended": self.ended,
            "listens": sorted(surroundings.listens),
            "polls": sorted(surroundings.polls),
            "sockets": {
                str(server.port): {"clients": server.clients, "lines": server.lines}
                for server in surroundings.servers
            },
        }
        new.write_text(json.dumps(state))
        new.replace(self._file)

    def end_streams(self) -> None:
        """End streams and queries once they have counted all that was received."""
        try:
            with self._asking:
                self._ask_streams()
            if streaming := StreamingContext.getActive():
                streaming.stop(stopSparkContext=False, stopGraceFully=True)
            if spark := self.session():
                for query in spark.streams.active:
                    query.processAllAvailable()
                    with self._asking:
                        self._ask_queries()
                    _stop(query)
        except Exception as error:  # the program ends them itself, or has failed
            patches.tell(f"the streams cannot be ended: {_cause(error)}")
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
            self._look_at_streams(active)
        for number, known in enumerate(self._streams):
            listener = known._jssc.ssc().progressListener()
            stored, counted = self._counts.get(number, (0, 0))
            self._counts[number] = (
                max(stored, int(listener.numTotalReceivedRecords())),
                max(counted, int(listener.numTotalProcessedRecords())),
            )

    def _look_at_streams(self, active: Any) -> None:
        self._active = True
        self._interval = active._jssc.ssc().graph().batchDuration().milliseconds() / 1000
        self._files.append(None)
        receivers, of_files, others = stream_kinds.of(active)
        self._receivers = self._receivers or bool(receivers)
        self._others.update(others)
        if of_files:
            self._files[-1] = FilesRead()
        with contextlib.suppress(Exception):  # they are only shown
            self._windows = of_streams(active)["windows"]

    def _ask_files(self) -> None:
        for streaming, files in zip(self._streams, self._files, strict=True):
            if files:
                files.ask(streaming)

    def _ask_waiting(self) -> None:
        """Add up the events in batches that wait or run: a slow machine may be far behind."""
        self._waiting = self._batches = 0
        active = StreamingContext.getActive() if SparkContext._active_spark_context else None
        if active:
            listener = active._jssc.ssc().progressListener()
            for batches in (listener.waitingBatches(), listener.runningBatches()):
                events = (batches.apply(i).numRecords() for i in range(batches.size()))
                self._waiting += sum(map(int, events))
                self._batches += batches.size()
            tracker = active._jssc.ssc().scheduler().receiverTracker()
            self._waiting += int(tracker.hasUnallocatedBlocks())

    def _ask_queries(self) -> None:
        """A query that has ended still tells its progress."""
        spark = self.session()
        for query in [*surroundings.queries, *(spark.streams.active if spark else [])]:
            self._queries.setdefault(str(query.runId), query)
        for query in self._queries.values():
            self._active = True
            name = self._name(query)
            batches = self._rows.setdefault(name, {})
            for progress in query.recentProgress:
                batch, rows = progress["batchId"], progress["numInputRows"]
                batches[batch] = max(batches.get(batch, 0), rows or 0)
            with contextlib.suppress(Exception):  # it is only shown
                if newest := query._jsq.lastProgress():
                    self._last[name] = json.loads(newest.json())

    def _name(self, query: Any) -> str:
        """Return a query's name; without one that of its checkpoint's folder, or else its id."""
        id_ = str(query.id)
        if id_ not in self._names:
            name = id_
            with contextlib.suppress(Exception):  # Spark may be ending
                name = name_of(query)
            self._names[id_] = id_ if name in self._names.values() else name
        return self._names[id_]


def _stop(query: Any) -> None:
    """Stop a query; the program, which waited for its end, may stop Spark meanwhile."""
    try:
        query.stop()
    except Exception:
        if query.isActive:
            raise


def _cause(error: Exception) -> str:
    """The line of an error of Py4J that names Java's exception, or the first one."""
    lines = str(error).splitlines() or [type(error).__name__]
    return next((line.lstrip(": ") for line in lines if line.startswith(": ")), lines[0])
