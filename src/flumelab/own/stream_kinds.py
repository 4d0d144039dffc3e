"""The input streams of a program: those with a receiver, those that read files, and others.

Spark counts the events of receivers alone. For a stream of files the lab counts the lines of each
file that a finished batch has read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flumelab.own.inputs import LogFile

FILE_STREAM = "FileInputDStream"


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
                for file in files:
                    # The plan leaves out a file without a byte.
                    self.add(file, None if lengths is None else lengths.get(file, 0))

    def add(self, name: str, length: int | None) -> None:
        """Count a file's lines.

        :param name: as Spark writes it, ``file:/tmp/in/a.log``
        :param length: the file's bytes when Spark planned to read it; it reads the last line to its
            end, and nothing that comes later. None if nobody knows.
        """
        file = Path(name.removeprefix("file:"))
        try:
            size = file.stat().st_size
            if length is None:
                self.unsure = f"nobody knows how much of {file} Spark has read"
            elif length < size and self._was_plain(file):
                self.lines += _lines_within(file, length)
                self.grown = str(file)
            else:
                self.lines += LogFile(file).count()
        except Exception:
            self.unsure = f"{file} was removed after Spark had read it"

    @staticmethod
    def _was_plain(file: Path) -> bool:
        return LogFile(file).name == file.name


def _lines_within(file: Path, length: int) -> int:
    """The lines of a grown file that Spark reads, which begin in its first bytes or just behind.

    Hadoop's reader takes the line that begins at the end of its part, too.
    """
    with file.open("rb") as log:
        return log.read(length).count(b"\n") + 1 if length else 0


def _lengths(streaming: Any, time: Any) -> dict[str, int] | None:
    """The bytes of each file that a batch reads, from the plan that Spark made at the batch's time.

    None where Spark has forgotten the plan: it keeps a minute.
    """
    found: dict[str, int] = {}
    for stream in streaming._jssc.ssc().graph().getInputStreams():
        if stream.getClass().getSimpleName() != FILE_STREAM:
            continue
        planned = stream.generatedRDDs().get(time)
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
