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
            for file in _files(batch):
                self.add(file, self._last_batch)

    def add(self, name: str, batch: int) -> None:
        """Count a file's lines.

        :param name: as Spark writes it, ``file:/tmp/in/a.log``
        :param batch: the batch's time, in milliseconds since 1970. Spark reads the file as it was
            then, so the lines of a file that has changed since are not known.
        """
        file = Path(name.removeprefix("file:"))
        try:
            changed = file.stat().st_mtime_ns // 1_000_000 > batch
            self.lines += LogFile(file).count()
        except Exception:
            self.unsure = f"{file} was removed after Spark had read it"
        else:
            if changed:
                self.unsure = f"{file} has grown since Spark read it; Spark reads a file once"


def _files(batch: Any) -> Iterator[str]:
    inputs = batch.streamIdToInputInfo().values().iterator()
    while inputs.hasNext():
        description = inputs.next().metadataDescription()
        if description.isDefined():
            yield from str(description.get()).splitlines()
