"""Write a segment: first the blocks' bytes, then fdatasync, and only then the index."""

import contextlib
import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from uuid import UUID
from zlib import crc32

from pyspark_flume.landing import avro_container, disk, index
from pyspark_flume.landing.folder import Segment, sync_folder
from pyspark_flume.landing.index import Entry

BUFFERS_MAX = 1024  # IOV_MAX of Linux and macOS

Buffer = bytes | memoryview


class SegmentWriter:
    """An open segment. `last` is the entry of the last durable block, or of the header."""

    def __init__(self, segment: Segment, sync: bytes, last: Entry, indexed: int) -> None:
        self._segment = segment
        self.sync = sync
        self.last = last
        self._indexed = indexed
        self._has_remains = False  # whether a failed write may have left bytes
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        self._index_descriptor = os.open(segment.index, flags, 0o644)
        try:
            self._descriptor = os.open(segment.path, flags, 0o644)
        except OSError:
            os.close(self._index_descriptor)
            raise

    @classmethod
    def create(cls, segment: Segment, log_id: UUID, seen: str, arrival_ms: int) -> Self:
        """Create a segment, durably. If this raises `OSError`, no file is left."""
        header = avro_container.encode_header(segment.first, seen, log_id)
        nothing = Entry(segment.first, 0, arrival_ms, 0, 0)
        writer = None
        try:
            writer = cls(segment, log_id.bytes, nothing, 0)
            writer._cut()  # a failed attempt may have left its files
            entry = Entry(segment.first, 0, arrival_ms, len(header), crc32(header))
            writer.write([header], [entry])
            writer.sync_index()
            sync_folder(segment.folder)
        except OSError:
            if writer:
                writer.close()
            with contextlib.suppress(OSError):
                segment.path.unlink(missing_ok=True)
                segment.index.unlink(missing_ok=True)
            raise
        return writer

    @classmethod
    def resume(cls, segment: Segment, sync: bytes, entries: Sequence[Entry], indexed: int) -> Self:
        """Open a recovered segment: cut off its tail and sync its blocks and index.

        :param entries: all entries that its index should have
        :param indexed: how many of them are on disk
        """
        writer = cls(segment, sync, entries[-1], indexed)
        try:
            writer._cut()
            disk.fdatasync(writer._descriptor)
            if entries[indexed:]:
                writer.publish(entries[indexed:])
            writer.sync_index()
        except BaseException:
            writer.close()
            raise
        return writer

    def begin_next(self, seen: str) -> "SegmentWriter":
        """Seal this segment and return the next one. If this raises `OSError`, it stays open."""
        self.sync_index()  # a start reads only the last segment in full
        segment = Segment(self.last.events, self._segment.folder)
        following = SegmentWriter.create(segment, UUID(bytes=self.sync), seen, self.last.arrival_ms)
        self.close()
        return following

    @property
    def empty(self) -> bool:
        """Whether it has no events."""
        return self.last.events == self._segment.first

    @property
    def path(self) -> Path:
        """The Avro container file."""
        return self._segment.path

    @property
    def size(self) -> int:
        """How many bytes are durable."""
        return self.last.position + self.last.length

    def write(self, buffers: Sequence[Buffer], entries: Sequence[Entry]) -> float:
        """Store blocks, then publish their entries; return how many seconds the fsync took.

        If it raises `OSError`, nothing is published; call `remove_remains` before the next write.
        """
        self._has_remains = True
        try:
            write_all(self._descriptor, buffers, self.size)
            began = time.perf_counter()
            disk.fdatasync(self._descriptor)
            seconds = time.perf_counter() - began
            if os.fstat(self._descriptor).st_nlink == 0:  # the written file has no name any more
                raise FileNotFoundError(errno.ENOENT, "was deleted while the receiver wrote it")
            self.publish(entries)
            self._has_remains = False
        except OSError:
            with contextlib.suppress(OSError):
                self.remove_remains()
            raise
        return seconds

    def publish(self, entries: Sequence[Entry]) -> None:
        """Write entries to the index. Readers see all of them at once, or none."""
        encoded = [entry.encode() for entry in entries]
        place = self._indexed * index.ENTRY.size
        # Readers stop at the first entry that is not valid, so these are not visible yet.
        write_all(self._index_descriptor, encoded[1:], place + index.ENTRY.size)
        write_all(self._index_descriptor, encoded[:1], place)
        self._indexed += len(entries)
        self.last = entries[-1]

    def remove_remains(self) -> None:
        """Cut off what a failed write has left: bytes of a failed fdatasync are never trusted."""
        if self._has_remains:
            self._cut()
            self._has_remains = False

    def _cut(self) -> None:
        os.ftruncate(self._index_descriptor, self._indexed * index.ENTRY.size)
        os.ftruncate(self._descriptor, self.size)

    def sync_index(self) -> None:
        """Make the index durable. `write` does not do so, because the blocks can rebuild it."""
        disk.fdatasync(self._index_descriptor)

    def close(self) -> None:
        """Close both files; a second call does nothing."""
        for descriptor in (self._descriptor, self._index_descriptor):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._index_descriptor = -1


def write_all(descriptor: int, buffers: Sequence[Buffer], position: int) -> None:
    """Write `buffers` one after the other at `position`. Raises `OSError`."""
    views = [memoryview(buffer) for buffer in buffers]
    while views:
        written = os.pwritev(descriptor, views[:BUFFERS_MAX], position)
        position += written
        done = 0
        while done < len(views) and written >= len(views[done]):
            written -= len(views[done])
            done += 1
        views = views[done:]
        if written:
            views[0] = views[0][written:]
