"""The input streams of a program: those with a receiver, those that read files, and others.

Spark counts the events of receivers alone. For a stream of files the lab counts the lines of each
file that a finished batch has read.
"""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError

from flumelab.own.inputs import LogFile

FILE_STREAM = "FileInputDStream"
TRIES, RETRY_SECONDS = 5, 0.2


def of(streaming: Any) -> tuple[int, int, list[str]]:
    """Return how many streams have a receiver, how many read files, and the kinds of the others."""
    graph = streaming._jssc.ssc().graph()
    receivers = {int(stream.id()) for stream in graph.getReceiverInputStreams()}
    kinds = [
        stream.getClass().getSimpleName()
        for stream in graph.getInputStreams()
        if int(stream.id()) not in receivers
    ]
    others = [kind for kind in kinds if kind != FILE_STREAM]
    return len(receivers), kinds.count(FILE_STREAM), others


class FilesRead:
    """The files that the batches of one context have read, and their lines."""

    def __init__(self) -> None:
        self.lines = 0
        self.unsure = ""
        """Why `lines` may be wrong; empty if they are right."""
        self.grown = ""
        """A file with more lines than Spark has read, as it was written on; empty if none is."""
        self._last_batch = 0

    def ask(self, streaming: Any) -> None:
        """Add the files of the batches that have finished since the last call."""
        finished = streaming._jssc.ssc().progressListener().retainedCompletedBatches()
        new = []
        for place in range(finished.size() - 1, -1, -1):
            batch = finished.apply(place)
            if batch.batchTime().milliseconds() <= self._last_batch:
                break
            new.append(batch)
        for batch in reversed(new):
            self._last_batch = batch.batchTime().milliseconds()
            if files := list(_files(batch)):
                lengths = _lengths(streaming, batch.batchTime())
                # The plan leaves out a file without a byte.
                given = {file: None if lengths is None else lengths.get(file, 0) for file in files}
                self.add(given, functools.partial(_records_read, streaming, batch.batchTime()))

    def add(self, given: Mapping[str, int | None], records_read: Callable[[], list[int]]) -> None:
        """Count the lines of a batch's files.

        :param given: by the name as Spark writes it, ``file:/tmp/in/a.log``: the file's bytes when
            Spark planned to read it; it reads the last line to its end, and nothing that comes
            later. None if nobody knows.
        :param records_read: returns the lines that each stage of the batch has read
        """
        lines, open_ends = 0, []
        for name, length in given.items():
            file = Path(name.removeprefix("file:"))
            try:
                size = file.stat().st_size
                if length is None:
                    self.unsure = f"nobody knows how much of {file} Spark has read"
                elif length < size and self._was_plain(file):
                    within, at_a_lines_end = _lines_within(file, length)
                    lines += within
                    self.grown = str(file)
                    open_ends += [file] if at_a_lines_end else []
                else:
                    lines += LogFile(file).count()
            except Exception:
                self.unsure = f"{file} was removed after Spark had read it"
        if open_ends:
            lines = self._settled(lines, open_ends, records_read)
        self.lines += lines

    def _settled(
        self, lines: int, open_ends: Sequence[Path], records_read: Callable[[], list[int]]
    ) -> int:
        """The lines of a batch with files that had whole lines when Spark planned to read them.

        Hadoop's reader also takes the line that begins at the end of its part, but only if it is
        there by the time it looks.
        """
        tries = 0
        while tries < TRIES:
            most = lines + len(open_ends)
            if found := [read for read in records_read() if lines <= read <= most]:
                return max(found)
            tries += 1
            time.sleep(RETRY_SECONDS)  # Spark notes a stage's numbers a moment after its end
        self.unsure = f"{open_ends[0]} grew while Spark read it, and no stage has read all of it"
        return lines

    @staticmethod
    def _was_plain(file: Path) -> bool:
        return LogFile(file).name == file.name


def _lines_within(file: Path, length: int) -> tuple[int, bool]:
    """The lines of a grown file that begin in its first bytes, and whether a line ends there."""
    with file.open("rb") as log:
        content = log.read(length)
    whole = not content or content.endswith(b"\n")
    return content.count(b"\n") + (not whole), bool(content) and whole


def _records_read(streaming: Any, batch_time: Any) -> list[int]:
    """The lines that each stage of a batch has read from files, by Spark's own metrics."""
    found: list[int] = []
    with contextlib.suppress(Py4JError):  # Spark is ending
        store = streaming.sparkContext._jsc.sc().statusStore()
        batch = streaming._jssc.ssc().progressListener().getBatchUIData(batch_time)
        pairs = batch.get().outputOpIdSparkJobIdPairs().iterator()
        while pairs.hasNext():
            stages = store.job(pairs.next().sparkJobId()).stageIds().iterator()
            while stages.hasNext():
                with contextlib.suppress(Py4JError):  # a stage that was skipped has no numbers
                    found.append(int(store.lastStageAttempt(stages.next()).inputRecords()))
    return found


def _lengths(streaming: Any, batch_time: Any) -> dict[str, int] | None:
    """The bytes of each file that a batch reads, from the plan that Spark made at the batch's time.

    None where Spark has forgotten the plan: it keeps a minute.
    """
    found: dict[str, int] = {}
    for stream in streaming._jssc.ssc().graph().getInputStreams():
        if stream.getClass().getSimpleName() != FILE_STREAM:
            continue
        planned = stream.generatedRDDs().get(batch_time)
        if not planned.isDefined():
            return None
        for part in planned.get().partitions():
            split = part.parentPartition().serializableHadoopSplit().value()
            name = str(split.getPath().toString())
            found[name] = max(found.get(name, 0), int(split.getStart() + split.getLength()))
    return found


def _files(batch: Any) -> Iterator[str]:
    inputs = batch.streamIdToInputInfo().values().iterator()
    while inputs.hasNext():
        description = inputs.next().metadataDescription()
        if description.isDefined():
            yield from str(description.get()).splitlines()
