"""Stores the batches that arrive during one write and fsync together, with the next one."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pyspark_flume.errors import LandingError
from pyspark_flume.events.event_positions import EventColumns
from pyspark_flume.ingest.counters import IngestCounters
from pyspark_flume.ingest.deduplication import new_events
from pyspark_flume.ingest.timestamp_check import TimestampCheck
from pyspark_flume.landing import LandingWriter

T = TypeVar("T")

log = logging.getLogger(__name__)


class GroupCommit:
    """Stores batches in the order in which they arrive, each line of a file once.

    All methods belong to one event loop. The commits run in a thread, so that other senders are
    read meanwhile. A lone sender waits for its answer anyway: its commits run in the loop, because
    the switch between threads costs more than the write (benchmarks/intake_ratio.py).

    :param has_one_sender: whether only one sender is connected; asked before each commit
    """

    def __init__(
        self, writer: LandingWriter, has_one_sender: Callable[[], bool] = lambda: False
    ) -> None:
        self.counters = IngestCounters()
        self._writer = writer
        self._has_one_sender = has_one_sender
        self._waiting: list[asyncio.Future[bool]] = []  # for the next commit
        self._work = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="landing")
        self._other_work = 0  # in the thread, besides commits
        self._is_failing = False
        self._timestamps = TimestampCheck()
        self._last: asyncio.Future[bool] | None = None

    def submit(self, events: EventColumns) -> "asyncio.Future[bool]":
        """Accept a batch without waiting; what has been stored before is left out.

        The future is done when the batch is durable (True) or could not be stored (False). A batch
        with nothing new also waits, because the events that it repeats may not be durable yet.
        """
        self._timestamps.look(events)
        new = new_events(events, self._writer.missing)
        self._writer.append(new.items, new.count, new.ranges)
        counters = self.counters
        counters.batches += 1
        counters.events += events.count
        counters.event_bytes += len(events.data)
        counters.duplicate_events += events.count - new.count
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(stored)
        self._last = stored
        self._work.set()
        return stored

    async def run(self) -> None:
        """Commit what is submitted, until this is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            taken, self._waiting = self._waiting, []
            try:
                if self._has_one_sender() and not self._other_work:
                    seconds = self._writer.commit()
                else:
                    seconds = await loop.run_in_executor(self._thread, self._writer.commit)
            except LandingError as error:
                self._log_change(str(error))
                # Those that arrived meanwhile fail, too: the writer has forgotten some of them.
                self._writer.discard()
                taken += self._waiting
                self._waiting = []
                self._work.clear()
                self.counters.failed_batches += len(taken)
                _settle(taken, stored=False)
            else:
                self._log_change(None)
                if seconds:
                    self.counters.fsync.observe(seconds)
                _settle(taken, stored=True)

    async def drain(self) -> None:
        """Return when everything that was submitted is settled."""
        if self._last:  # batches are settled in order
            await asyncio.wait({self._last})

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do other work on the log between two commits."""
        self._other_work += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._other_work -= 1

    def close(self) -> None:
        """End the thread. What is not committed stays unanswered."""
        self._thread.shutdown()

    def _log_change(self, failure: str | None) -> None:
        """Log the first of several failures in a row, and the end of the failures."""
        if failure and not self._is_failing:
            log.error("%s", failure)
        elif self._is_failing and not failure:
            log.info("the landing log accepts batches again")
        self._is_failing = failure is not None


def _settle(futures: "list[asyncio.Future[bool]]", stored: bool) -> None:
    for future in futures:
        if not future.done():
            future.set_result(stored)
