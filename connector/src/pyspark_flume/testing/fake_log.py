"""A landing log that a test fills from Python: a query is tested without Flume and receiver."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter
from pyspark_flume.testing.plain_events import PlainEvent, encode


class FakeLog:
    """A landing log with the events of a test, in the format that the receiver writes.

    >>> log = FakeLog(tmp_path / "landing")
    >>> log.append(["one", ({"host": "web-1"}, b"two")])
    >>> spark.read.format("flume").option("landing", str(log.path)).load().count()
    2

    A stream that reads the log sees what is appended while it runs.

    :param path: the log's folder; it is created
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._one_thread = threading.Lock()
        self.append([])

    def append(self, events: Iterable[PlainEvent]) -> None:
        """Store these events as one batch.

        Raises `LandingLocked` while a receiver or another test writes to the log.
        """
        encoded = encode(events)
        with self._one_thread, LandingWriter.open(self.path, identify) as writer:
            if encoded:
                writer.append(b"".join(encoded), len(encoded), [])
                writer.commit()
