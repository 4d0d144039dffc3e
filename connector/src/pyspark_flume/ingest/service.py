"""A service that fills one landing log from one source of events, until it is told to stop."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from pyspark_flume.errors import LandingError
from pyspark_flume.ingest.counters import ConnectionCounts
from pyspark_flume.ingest.group_commit import GroupCommit
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.ingest.metrics_server import serving_metrics
from pyspark_flume.landing import LandingWriter
from pyspark_flume.options.ingestion import IngestionSettings

log = logging.getLogger(__name__)

RETAIN_SECONDS = 10
END_SECONDS_MAX = 5  # for the batches that are arriving when the service is told to stop


class EventSource(Protocol):
    """Where events come from: `Receiver` or `Poller`.

    :param name: as in "the receiver on port 4141"
    :param action: as in "listens on 0.0.0.0:4141"
    """

    name: str
    action: str

    async def start(self, group_commit: GroupCommit) -> Sequence["asyncio.Task[None]"]:
        """Begin to submit batches; return the tasks that do it until they are cancelled.

        Raises `IngestionFailed`.
        """

    def has_one_sender(self) -> bool:
        """Whether only one sender is connected."""

    def connections(self) -> ConnectionCounts:
        """The connections now, for the metrics; called from another thread."""

    async def drain(self) -> None:
        """Accept no further batch, and return when those that are arriving are submitted."""

    def close(self) -> None:
        """Close what is still open."""


class IngestService:
    """Owns a landing log: its writer, group commit and retention. It is the log's only writer."""

    def __init__(self, settings: IngestionSettings, source: EventSource) -> None:
        self.landing = settings.landing
        self.source = source
        self._settings = settings

    async def run(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Fill the log until `stop` is set; `ready` is called when the source has started.

        Raises `LandingError` and `IngestionFailed`.
        """
        asyncio.get_running_loop().set_exception_handler(_log_in_one_line)
        segment_bytes = self._settings.segment_bytes
        with LandingWriter.open(self.landing, identify, segment_bytes) as writer:
            group_commit = GroupCommit(writer, self.source.has_one_sender)
            with serving_metrics(self._settings, group_commit.counters, self.source.connections):
                await self._fill(writer, group_commit, ready, stop)

    async def _fill(
        self,
        writer: LandingWriter,
        group_commit: GroupCommit,
        ready: Callable[[], None],
        stop: asyncio.Event,
    ) -> None:
        tasks = [
            *await self.source.start(group_commit),
            asyncio.create_task(group_commit.run()),
            asyncio.create_task(self._retain(writer, group_commit)),
        ]
        stopped = asyncio.create_task(stop.wait())
        try:
            ready()
            await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():  # because of an unexpected error
                    task.result()
            # What a sink has sent is stored, so the sink should get its answer.
            with suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS_MAX):
                    await self.source.drain()
                    await group_commit.drain()
        finally:
            self.source.close()
            for ending in (stopped, *tasks):
                ending.cancel()
            await asyncio.gather(stopped, *tasks, return_exceptions=True)
            group_commit.close()

    async def _retain(self, writer: LandingWriter, group_commit: GroupCommit) -> None:
        """Remove old segments at intervals."""
        remove = partial(writer.retain, self._settings.retention)
        while True:
            await asyncio.sleep(RETAIN_SECONDS)
            try:
                removed = await group_commit.in_thread(remove)
            except LandingError as error:
                log.warning("%s", error)
            else:
                if removed:
                    log.info("%s: %d old segment(s) removed", self.landing, removed)


def _log_in_one_line(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log an unexpected error of a connection without asyncio's traceback."""
    transport = context.get("transport")
    peer = (
        transport.get_extra_info("peername") if isinstance(transport, asyncio.Transport) else None
    )
    where = f"{peer[0]}:{peer[1]} " if peer else ""
    log.warning("%s%s: %s", where, context.get("message"), context.get("exception", ""))
