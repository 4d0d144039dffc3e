"""One connection to an agent's SparkSink: fetch a batch, store it, and only then acknowledge it."""

import asyncio
import logging
import random
import socket
import sys
from collections.abc import Callable, Iterator

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.pull_connection import EventBatch, PullConnection
from pyspark_flume.errors import ProtocolError
from pyspark_flume.events.event_positions import EventColumns, scan_events
from pyspark_flume.ingest.spark_sink_status import SparkSinkStatus
from pyspark_flume.options.ingestion import PollerSettings

log = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024  # a batch of 1000 access log lines
# The agent answers a ping, an ack and a nack at once; only a poll waits for events.
ANSWER_SECONDS_MAX = 30
# An error that takes longer only means that there were no events meanwhile.
PROMPT_ERROR_SECONDS_MAX = 1
# An agent whose machine is gone never answers a poll; keep-alive notices this within two minutes.
if sys.platform == "darwin":
    TCP_KEEPIDLE = socket.TCP_KEEPALIVE  # its name on macOS
else:
    TCP_KEEPIDLE = socket.TCP_KEEPIDLE
KEEPALIVE = {TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.1, 10.0


class SparkSinkClient:
    """Fetches from one SparkSink for as long as the poller runs, whatever happens to either side.

    :param store: accepts a batch; its future is True when the batch is durable, False when it
        could not be stored
    """

    def __init__(
        self,
        sink: SparkSinkStatus,
        settings: PollerSettings,
        store: Callable[[EventColumns], "asyncio.Future[bool]"],
    ) -> None:
        self._sink = sink
        self._settings = settings
        self._store = store
        self._limits = Limits(frame_bytes_max=settings.frame_bytes_max)
        self._pull = PullConnection(scan_events, self._limits)
        self._has_batch = False  # a batch that is neither acknowledged nor given back
        self._retry_delays = _retry_delays()
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def run(self) -> None:
        """Connect and fetch, again and again, until `stop`."""
        self._task = asyncio.current_task()
        while not self._is_stopping:
            try:
                await self._connect_and_fetch()
            except (OSError, ProtocolError) as error:
                self._pull, self._has_batch = PullConnection(scan_events, self._limits), False
                self._sink.unreachable(error)
                await self._delay_retry()

    def stop(self) -> None:
        """End once the batch that has arrived, wholly or in part, is settled."""
        self._is_stopping = True
        if self._task and not self._has_batch and not self._pull.in_frame:
            self._task.cancel()

    async def _connect_and_fetch(self) -> None:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            self._reader, self._writer = await asyncio.open_connection(
                self._sink.host, self._sink.port, limit=CHUNK_BYTES
            )
        try:
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE.items():
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
            await self._call(self._pull.ping(), ANSWER_SECONDS_MAX)
            self._sink.connected()
            try:
                while not self._is_stopping:
                    await self._fetch()
            finally:
                self._sink.disconnected()
        finally:
            self._writer.close()

    async def _fetch(self) -> None:
        settings, loop = self._settings, asyncio.get_running_loop()
        asked_at = loop.time()
        batch = await self._call(
            self._pull.get_event_batch(settings.batch_events_max),
            settings.idle_seconds_max or None,
        )
        assert batch
        if batch.error:
            if loop.time() - asked_at < PROMPT_ERROR_SECONDS_MAX:
                self._sink.failed(batch.error, settings.batch_events_max)
                await self._delay_retry()
            return
        self._has_batch = True
        self._sink.delivered()
        stored = await self._store(batch.events) if batch.events else True
        settle = self._pull.ack if stored else self._pull.nack
        await self._call(settle(batch.sequence_number), ANSWER_SECONDS_MAX)
        self._has_batch = False
        if stored:
            self._retry_delays = _retry_delays()
        else:
            await self._delay_retry()

    async def _call(
        self, request: bytes, seconds_max: float | None
    ) -> EventBatch[EventColumns] | None:
        """Send a call and return its answer's batch.

        Raises `ProtocolError`, or `OSError`, which includes a silence of `seconds_max`. Once an
        answer has begun, its rest must not be late.
        """
        self._writer.write(request)
        answers: list[EventBatch[EventColumns] | None] = []
        while not answers:
            begun = self._pull.in_frame
            async with asyncio.timeout(ANSWER_SECONDS_MAX if begun else seconds_max):
                data = await self._reader.read(CHUNK_BYTES)
            if not data:
                raise ConnectionResetError("it has closed the connection")
            answers = self._pull.receive_data(data)
        return answers[0]

    async def _delay_retry(self) -> None:
        if not self._is_stopping:
            await asyncio.sleep(next(self._retry_delays))


def _retry_delays() -> Iterator[float]:
    """Yield the seconds until the next attempt.

    They double each time, and are reduced by a random part of up to half, so that many connections
    do not retry at once.
    """
    seconds = RETRY_SECONDS_MIN
    while True:
        yield seconds * random.uniform(0.5, 1)
        seconds = min(2 * seconds, RETRY_SECONDS_MAX)
