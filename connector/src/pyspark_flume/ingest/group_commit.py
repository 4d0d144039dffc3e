"""Between the connections and the landing log: what is new in a batch, and one fsync for all."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from pyspark_flume.errors import LandingError
from pyspark_flume.events.columns import EventColumns, join_events, scan_events, slice_events
from pyspark_flume.ingest.line_identity import runs
from pyspark_flume.landing import FileRange, LandingWriter, SeenRanges

T = TypeVar("T")

log = logging.getLogger(__name__)


def identify(items: bytes, count: int) -> list[FileRange]:
    """Which bytes of which files these events are; see the Flume plugin's headers."""
    return runs(scan_events(items, count))


class Intake:
    """Stores batches in the order in which they come.

    `submit` takes a batch at once; its future is done when the batch is durable (True) or when it
    could not be stored (False). While one fsync runs, the batches that come share the next one.
    All methods belong to one event loop; only the writing itself has a thread of its own, unless
    `alone` says that just one sink is connected.
    """

    def __init__(self, writer: LandingWriter, alone: Callable[[], bool] = lambda: False) -> None:
        self._writer = writer
        self._alone = alone
        self._waiting: list[asyncio.Future[bool]] = []
        self._work = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="landing")
        self._failing = False
        self._last: asyncio.Future[bool] | None = None

    def submit(self, events: EventColumns) -> "asyncio.Future[bool]":
        """Store what has not been stored before. A batch that brings nothing new waits as well:
        what it repeats may not be durable yet."""
        items, count, new = self._new(events)
        self._writer.append(items, count, new)
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(stored)
        self._last = stored
        self._work.set()
        return stored

    async def run(self) -> None:
        """Commit for as long as the receiver runs."""
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            taken, self._waiting = self._waiting, []
            try:
                if self._alone():
                    # A sink that waits for its answer, and nobody else whom the write holds up:
                    # the way through the thread would take longer than the write does.
                    self._writer.commit()
                else:
                    await loop.run_in_executor(self._thread, self._writer.commit)
            except LandingError as error:
                self._say_once(str(error))
                # Batches that came meanwhile are forgotten, too.
                taken += self._waiting
                self._waiting = []
                _settle(taken, stored=False)
            else:
                self._say_once(None)
                _settle(taken, stored=True)

    async def settle(self, seconds_max: float) -> None:
        """Return when all that was submitted is settled, at the latest after `seconds_max`."""
        if self._last:  # they are settled in their order
            await asyncio.wait({self._last}, timeout=seconds_max)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do other work on the log between two commits."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the writing thread; what is not committed is not answered either."""
        self._thread.shutdown()

    def _new(self, events: EventColumns) -> tuple[bytes | memoryview, int, list[FileRange]]:
        """The items, count and runs of the events that have not been stored before."""
        known = runs(events)
        if not known:
            return events.data, events.count, []
        here = SeenRanges()
        new: list[FileRange] = []
        keep = np.ones(events.count, bool)
        for run in known:
            keep[run.first : run.last] = False
            for piece in self._unseen(events, run, here):
                keep[piece.first : piece.last] = True
                here.add(piece.file, piece.start, piece.end)
                new.append(piece)
        if keep.all():
            return events.data, events.count, new
        return join_events(events, keep), int(keep.sum()), new

    def _unseen(
        self, events: EventColumns, run: FileRange, here: SeenRanges
    ) -> Iterator[FileRange]:
        """The parts of a run that are neither in the log nor earlier in the same batch."""
        earlier, stored = here.missing(run.file, run.start, run.end), self._writer.missing(run)
        if not (earlier and stored):
            return
        if earlier == stored == [(run.start, run.end)] or run.last - run.first == 1:
            yield run
            return
        middle = (run.first + run.last) // 2
        for first, last in ((run.first, middle), (middle, run.last)):
            for half in runs(slice_events(events, first, last)):
                known = FileRange(
                    half.file, half.start, half.end, first + half.first, first + half.last
                )
                yield from self._unseen(events, known, here)

    def _say_once(self, trouble: str | None) -> None:
        if trouble and not self._failing:
            log.error("%s", trouble)
        elif self._failing and not trouble:
            log.info("the landing log takes batches again")
        self._failing = trouble is not None


def _settle(futures: "list[asyncio.Future[bool]]", stored: bool) -> None:
    for future in futures:
        if not future.done():
            future.set_result(stored)
