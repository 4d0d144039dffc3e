"""The one process that writes a landing log.

writer.append(items, count, runs)    # cheap: only remembered
writer.commit()                      # written, fdatasync, then visible to readers
…answer OK to the senders of what was appended before the commit began
"""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

from pyspark_flume.errors import LandingError, LandingWriteFailed
from pyspark_flume.landing import container
from pyspark_flume.landing.folder import create_or_check, lock
from pyspark_flume.landing.index import Entry
from pyspark_flume.landing.recovery import Identify, open_last
from pyspark_flume.landing.retention import Retention, remove_old
from pyspark_flume.landing.seen_ranges import FILES_MAX, FileRange, SeenRanges
from pyspark_flume.landing.segment_writer import SegmentWriter

MIB = 1024 * 1024
SEGMENT_BYTES = 128 * MIB  # what a start reads again, and the grain of retention
BLOCK_BYTES_MAX = 1024 * MIB  # the index has 32 bits; also what a reader takes into memory at once
REMEDY = "free space or repair the disk; Flume sends the batches again"


@dataclass(frozen=True)
class _Batch:
    prefix: bytes
    items: memoryview
    count: int
    runs: Sequence[FileRange]
    crc: int
    arrival_ms: int


class LandingWriter:
    """Appends batches durably. `append`, `missing` and `commit` may be called by different threads.

    Ranges seen (`missing`, `contains`) may be those of a batch that still waits for its commit. So
    a batch that brings nothing new is answered OK after the next `commit`, too, not at once.
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
        self._durable_seen = seen  # only `commit` touches it
        self._segment_bytes = segment_bytes
        self._committing = threading.Lock()
        # Guards what follows: what `append` changes while a `commit` may be under way.
        self._appending = threading.Lock()
        self._seen = seen.copy()
        self._pending: list[_Batch] = []
        self._arrival_ms = segment.last.arrival_ms
        self._relied_on = False  # has anybody built on what the commit under way has taken?
        self._forgotten: str | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        identify: Identify,
        segment_bytes: int = SEGMENT_BYTES,
        files_max: int = FILES_MAX,
    ) -> Self:
        """Open the log in `folder`, or create it; what a crash has left is put in order.

        :param identify: gives the runs of a block's items and count; called for the last segment
        :param segment_bytes: a segment that is larger gets no further batch
        :param files_max: of so many files the ranges seen are remembered

        Raises `LandingLocked`, `LandingCorrupt`, and `LandingError` where the folder is not usable.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = lock(folder)
            try:
                log_id = create_or_check(folder)
                seen = SeenRanges(files_max)
                segment = open_last(folder, log_id, identify, seen)
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
        """The number that the next event gets: how many have ever been stored for good."""
        return self._segment.last.events

    def append(self, items: bytes | memoryview, count: int, runs: Sequence[FileRange]) -> None:
        """Take a batch of `count` events; the next `commit` stores it.

        `items` must not change until then. A batch of no events is nothing.
        """
        if count == 0:
            return
        view = memoryview(items).cast("B")
        if len(view) > BLOCK_BYTES_MAX:
            raise ValueError(f"a batch of {len(view)} bytes, the limit is {BLOCK_BYTES_MAX}")
        if len(view) < count * container.EVENT_BYTES_MIN:
            raise ValueError(f"{count} events cannot be in {len(view)} bytes")
        prefix = container.block_prefix(count, len(view))
        crc = crc32(self._segment.sync, crc32(view, crc32(prefix)))
        with self._appending:
            self._relied_on = True
            # Never decreasing, whatever the clock does.
            self._arrival_ms = max(self._arrival_ms, time.time_ns() // 1_000_000)
            self._pending.append(_Batch(prefix, view, count, runs, crc, self._arrival_ms))
            for run in runs:
                self._seen.add(run.file, run.start, run.end)

    def missing(self, run: FileRange) -> list[tuple[int, int]]:
        """The byte ranges of `run` that no batch has brought: [] if all have been seen."""
        with self._appending:
            self._relied_on = True
            return self._seen.missing(run.file, run.start, run.end)

    def contains(self, file: str, start: int, end: int) -> bool:
        """Has an event that holds these bytes of `file` been appended?"""
        return not self.missing(FileRange(file, start, end, 0, 0))

    def commit(self) -> None:
        """Store what has been appended; when it returns, that is durable and visible to readers.

        Raises `LandingWriteFailed`: then nothing is kept of what is not durable, neither this
        commit's batches nor those appended while it ran, nor their ranges seen. All of them have to
        be sent again. The next commit raises, too, if `append` or `missing` was called while this
        one ran, since their callers built on what was forgotten. After that it works again.
        """
        with self._committing:
            with self._appending:
                forgotten, self._forgotten = self._forgotten, None
                batches, self._pending = self._pending, []
                if forgotten:
                    self._seen = self._durable_seen.copy()
                    raise LandingWriteFailed(forgotten)
                self._relied_on = False
            if not batches:
                return
            try:
                self._store(batches)
            except BaseException as error:
                failure = self._forget(error)
                if isinstance(error, OSError):
                    raise failure from error
                raise
            for batch in batches:
                for run in batch.runs:
                    self._durable_seen.add(run.file, run.start, run.end)

    def retain(self, retention: Retention) -> int:
        """Remove the segments that `retention` has no use for, never the last; how many went."""
        with self._committing:
            try:
                return remove_old(self._folder, retention, time.time_ns() // 1_000_000)
            except OSError as error:
                raise LandingError(
                    f"{error.filename or self._folder}: {error.strerror}; "
                    "old segments stay until the receiver may remove them"
                ) from error

    def close(self) -> None:
        """Let go of the log. What has not been committed is not stored."""
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

    def _store(self, batches: Sequence[_Batch]) -> None:
        self._segment.mend()
        if self._segment.size >= self._segment_bytes and not self._segment.empty:
            # All that came before is durable, so the snapshot promises nothing that is not.
            self._segment = self._segment.follow(self._durable_seen.snapshot())
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
        self._segment.write(buffers, entries)

    def _forget(self, error: BaseException) -> LandingWriteFailed:
        fact = error.strerror if isinstance(error, OSError) else repr(error)
        message = f"{self._segment.path}: {fact}; {REMEDY}"
        with self._appending:
            self._pending = []
            self._seen = self._durable_seen.copy()
            if self._relied_on:
                self._forgotten = message
        return LandingWriteFailed(message)
