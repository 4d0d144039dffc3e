"""Write a landing log. Only one process does so at a time.

writer.append(items, count, runs)    # cheap: only remembered
writer.commit()                      # written, fdatasync, then visible to readers
…answer OK to the senders of what was appended before the commit began
"""

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

from pyspark_flume.errors import LandingError, LandingWriteFailed
from pyspark_flume.landing import avro_container
from pyspark_flume.landing.folder import create_or_check, lock
from pyspark_flume.landing.index import Entry
from pyspark_flume.landing.pending_batches import PendingBatch, PendingBatches
from pyspark_flume.landing.recovery import Identify, open_last_segment
from pyspark_flume.landing.retention import Retention, remove_old_segments
from pyspark_flume.landing.seen_ranges import FILES_MAX, FileRange, SeenRanges
from pyspark_flume.landing.segment_writer import SegmentWriter
from pyspark_flume.units import MIB

SEGMENT_BYTES = 128 * MIB  # a start reads the last segment; retention removes whole ones
BLOCK_BYTES_MAX = 1024 * MIB  # the index has 32 bits for it, and a reader holds a block in memory
REMEDY = "free space or repair the disk; Flume sends the batches again"


class LandingWriter:
    """Appends batches durably. Threads may share it: one may `commit` while others `append`.

    `missing` also counts batches that still wait for their commit. So even a batch with nothing new
    must not be answered OK before the next `commit`.
    """

    def __init__(
        self,
        folder: Path,
        descriptor: int,
        segment: SegmentWriter,
        seen: SeenRanges,
        segment_bytes: int,
    ) -> None:
        self._folder = folder
        self._lock_descriptor = descriptor
        self._segment = segment
        self._segment_bytes = segment_bytes
        self._pending = PendingBatches(seen, segment.last.arrival_ms)
        self._committing = threading.Lock()

    @classmethod
    def open(
        cls,
        folder: Path,
        identify: Identify,
        segment_bytes: int = SEGMENT_BYTES,
        files_max: int = FILES_MAX,
    ) -> Self:
        """Open the log in `folder`, or create it, and repair what a crash has left.

        :param identify: called for the blocks of the last segment
        :param segment_bytes: a segment that is larger gets no further batch
        :param files_max: how many files' seen ranges are remembered

        Raises `LandingLocked`, `LandingCorrupt`, and `LandingError` if the folder is not usable.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = lock(folder)
            try:
                log_id = create_or_check(folder)
                seen = SeenRanges(files_max)
                segment = open_last_segment(folder, log_id, identify, seen)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise LandingError(
                f"{error.filename or folder}: {error.strerror}; "
                "give the receiver a folder that it may write to"
            ) from error
        return cls(folder, descriptor, segment, seen, segment_bytes)

    @property
    def events(self) -> int:
        """The number of events that were ever stored durably; the next event gets this number."""
        return self._segment.last.events

    def append(self, items: bytes | memoryview, count: int, runs: Sequence[FileRange]) -> None:
        """Accept a batch of `count` events; the next `commit` stores it.

        `items` must not change until then. A batch without events is ignored.
        """
        if count == 0:
            return
        view = memoryview(items).cast("B")
        if len(view) > BLOCK_BYTES_MAX:
            raise ValueError(f"a batch of {len(view)} bytes, the limit is {BLOCK_BYTES_MAX}")
        if len(view) < count * avro_container.ITEM_BYTES_MIN:
            raise ValueError(f"{count} events cannot be in {len(view)} bytes")
        prefix = avro_container.block_prefix(count, len(view))
        crc = crc32(self._segment.sync, crc32(view, crc32(prefix)))
        self._pending.add(prefix, view, count, runs, crc)

    def missing(self, run: FileRange) -> list[tuple[int, int]]:
        """Return the byte ranges of `run` that no batch contained: [] if all have been seen."""
        return self._pending.missing(run)

    def discard(self) -> None:
        """Forget what has been appended and not committed; none of it may be answered OK.

        After a commit that has raised, the next one then does not raise for it again.
        """
        self._pending.discard()

    def commit(self) -> float:
        """Store what has been appended. When this returns, it is durable and visible to readers.

        Return how many seconds the fsync took; 0.0 if there was nothing to store.

        Raises `LandingWriteFailed`. Then everything that is not durable is forgotten, with its seen
        ranges: this commit's batches, and those appended while it ran. All of them must be sent
        again. If `append` or `missing` was called while it ran, the next commit raises too, because
        their callers relied on what is forgotten. After that the writer works again.
        """
        with self._committing:
            batches = self._pending.take()
            if not batches:
                return 0.0
            try:
                seconds = self._store(batches)
            except BaseException as error:
                fact = error.strerror if isinstance(error, OSError) else repr(error)
                failure = f"{self._segment.path}: {fact}; {REMEDY}"
                self._pending.forget(failure)
                if isinstance(error, OSError):
                    raise LandingWriteFailed(failure) from error
                raise
            self._pending.stored(batches)
            return seconds

    def retain(self, retention: Retention) -> int:
        """Remove the segments that `retention` does not keep, never the last; return how many."""
        with self._committing:
            try:
                return remove_old_segments(self._folder, retention, time.time_ns() // 1_000_000)
            except OSError as error:
                raise LandingError(
                    f"{error.filename or self._folder}: {error.strerror}; "
                    "old segments stay until the receiver may remove them"
                ) from error

    def close(self) -> None:
        """Close the files and release the lock. What has not been committed is not stored."""
        with self._committing:
            self._segment.close()
            if self._lock_descriptor >= 0:
                os.close(self._lock_descriptor)
                self._lock_descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _store(self, batches: Sequence[PendingBatch]) -> float:
        self._segment.remove_remains()
        if self._segment.size >= self._segment_bytes and not self._segment.empty:
            # All earlier batches are durable, so the snapshot contains only durable ranges.
            self._segment = self._segment.begin_next(self._pending.durable_seen())
        buffers: list[bytes | memoryview] = []
        entries: list[Entry] = []
        last = self._segment.last
        for batch in batches:
            block = (batch.prefix, batch.items, self._segment.sync)
            last = Entry(
                last.events + batch.count,
                last.position + last.length,
                batch.arrival_ms,
                sum(map(len, block)),
                batch.crc,
            )
            buffers += block
            entries.append(last)
        return self._segment.write(buffers, entries)
