"""The source of events that listens for Flume's avro sinks."""

import asyncio
import logging
import resource
from collections.abc import Sequence

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import IngestionFailed
from pyspark_flume.ingest.counters import ConnectionCounts, Refusal
from pyspark_flume.ingest.group_commit import GroupCommit
from pyspark_flume.ingest.memory_budget import MEMORY_BYTES_MAX, MemoryBudget
from pyspark_flume.ingest.open_connections import OpenConnections
from pyspark_flume.ingest.sink_connection import Shared, SinkConnection
from pyspark_flume.ingest.stalls import Timeouts
from pyspark_flume.ingest.tls import server_context
from pyspark_flume.options.ingestion import ReceiverSettings

log = logging.getLogger(__name__)

FRAME_SECONDS_MAX = 60  # a sink gives up after 20 s, by its default
SPARE_FILES = 256  # open files that are not connections
SWEEP_SECONDS = 1
BACKLOG = 1024  # connections that wait to be accepted


class Receiver:
    """One listening port and the connections to it. An `EventSource`."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self.name = f"the receiver on port {settings.port}"
        self.action = f"listens on {settings.host}:{settings.port}"
        self._settings = settings
        self._tls = server_context(settings)
        self._connections: OpenConnections[SinkConnection] = OpenConnections(
            settings.connections_max
        )
        self._server: asyncio.Server | None = None

    async def start(self, group_commit: GroupCommit) -> Sequence["asyncio.Task[None]"]:
        """Listen, and close connections that stall."""
        settings = self._settings
        shared = Shared(
            limits=Limits(frame_bytes_max=settings.frame_bytes_max),
            compressed=settings.compressed,
            timeouts=Timeouts(FRAME_SECONDS_MAX, settings.idle_seconds_max),
            tls=self._tls,
            memory=MemoryBudget(MEMORY_BYTES_MAX, settings.frame_bytes_max),
            connections=self._connections,
            store=group_commit.submit,
        )
        _allow_open_files(settings.connections_max + SPARE_FILES)
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: SinkConnection(shared), settings.host, settings.port, backlog=BACKLOG
            )
        except OSError as error:
            raise IngestionFailed(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
                "end what listens there or choose another port"
            ) from None
        return [asyncio.create_task(self._close_stalled())]

    def has_one_sender(self) -> bool:
        """Whether only one sink is connected."""
        return len(self._connections) == 1

    def connections(self) -> ConnectionCounts:
        """How many sinks are connected, have been, and were refused."""
        known = self._connections
        refused = {reason: known.refused[reason] for reason in Refusal}
        return ConnectionCounts(len(known), known.accepted, refused)

    async def drain(self) -> None:
        """Read nothing more; batches that have arrived completely are already submitted."""
        for connection in self._connections:
            connection.stop_reading()

    def close(self) -> None:
        """Close the port and the connections."""
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.close()

    async def _close_stalled(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for connection in self._connections:
                connection.close_if_stalled(now)


def _allow_open_files(wanted: int) -> None:
    """Raise the limit on open files as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        except ValueError:  # macOS has a limit of its own, which the hard one does not show
            allowed = soft
    if allowed < wanted:
        log.warning(
            "this process may open %d files, but %d connections need %d; raise ulimit -n or lower "
            "maxConnections",
            allowed,
            wanted - SPARE_FILES,
            wanted,
        )
