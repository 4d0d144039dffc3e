"""One connection to an agent's SparkSink: a batch is fetched, stored, and only then answered."""

import asyncio
import logging
import os
import random
import socket
from collections.abc import Iterator

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.pull_connection import EventBatch, PullConnection
from pyspark_flume.errors import ProtocolError
from pyspark_flume.events.columns import EventColumns, scan_events
from pyspark_flume.ingest.group_commit import Intake
from pyspark_flume.options import PollerSettings

log = logging.getLogger("pyspark_flume.poller")

CHUNK_BYTES = 256 * 1024  # a batch of 1000 access log lines
# A ping, an ack and a nack have nothing to wait for at the agent, unlike a poll.
ANSWER_SECONDS_MAX = 30
# An error in place of a batch that comes later says that there were no events for so long.
AT_ONCE_SECONDS_MAX = 1
# An agent whose machine has gone answers no poll for ever: noticed within two minutes.
KEEPALIVE = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}
WAIT_SECONDS_MIN, WAIT_SECONDS_MAX = 0.1, 10.0


class Agent:
    """An agent that is polled, and what the log has last said of it; its connections share it."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._connections = 0
        self._is_away = False
        self._is_failing = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def connected(self) -> None:
        """One more connection has been answered."""
        self._connections += 1
        if self._connections == 1:
            log.info("%s connected", self)
        self._is_away = False

    def disconnected(self) -> None:
        """One of those is lost."""
        self._connections -= 1

    def missed(self, error: Exception) -> None:
        """A connection is lost, or could not be had; said of the last one."""
        if not self._connections and not self._is_away:
            log.warning("%s cannot be fetched from: %s; it is asked again", self, _fact(error))
            self._is_away = True

    def failed(self, message: str, batch_events_max: int) -> None:
        """It had an error in place of a batch."""
        if not self._is_failing:
            log.warning(
                "%s has no batch: %s; asked again; its channel's transactionCapacity must not be "
                "below agentBatchSize, %d",
                self,
                message,
                batch_events_max,
            )
        self._is_failing = True

    def delivered(self) -> None:
        """It had a batch."""
        if self._is_failing:
            log.info("%s has batches again", self)
        self._is_failing = False


class AgentConnection:
    """Fetches from one agent for as long as the poller runs, whatever happens to either side."""

    def __init__(self, agent: Agent, settings: PollerSettings, intake: Intake) -> None:
        self._agent = agent
        self._settings = settings
        self._intake = intake
        self._limits = Limits(frame_bytes_max=settings.frame_bytes_max)
        self._pull = PullConnection(scan_events, self._limits)
        self._has_batch = False  # one that is neither acknowledged nor given back
        self._waits = _waits()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def run(self) -> None:
        """Connect and fetch, again and again; ends by `stop`."""
        self._task = asyncio.current_task()
        while not self._stopping:
            try:
                await self._connect_and_fetch()
            except (OSError, ProtocolError) as error:
                self._pull, self._has_batch = PullConnection(scan_events, self._limits), False
                self._agent.missed(error)
                await self._wait()

    def stop(self) -> None:
        """Settle the batch that has come, or a part of which has, and end."""
        self._stopping = True
        if self._task and not self._has_batch and not self._pull.in_frame:
            self._task.cancel()

    async def _connect_and_fetch(self) -> None:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            self._reader, self._writer = await asyncio.open_connection(
                self._agent.host, self._agent.port, limit=CHUNK_BYTES
            )
        try:
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE.items():
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
            await self._call(self._pull.ping(), ANSWER_SECONDS_MAX)
            self._agent.connected()
            try:
                while not self._stopping:
                    await self._fetch()
            finally:
                self._agent.disconnected()
        finally:
            self._writer.close()

    async def _fetch(self) -> None:
        settings, loop = self._settings, asyncio.get_running_loop()
        began = loop.time()
        batch = await self._call(
            self._pull.get_event_batch(settings.batch_events_max),
            settings.idle_seconds_max or None,
        )
        assert batch
        if batch.error:
            if loop.time() - began < AT_ONCE_SECONDS_MAX:
                self._agent.failed(batch.error, settings.batch_events_max)
                await self._wait()
            return
        self._has_batch = True
        self._agent.delivered()
        stored = await self._intake.submit(batch.events) if batch.events else True
        settle = self._pull.ack if stored else self._pull.nack
        await self._call(settle(batch.sequence_number), ANSWER_SECONDS_MAX)
        self._has_batch = False
        if stored:
            self._waits = _waits()
        else:
            await self._wait()

    async def _call(
        self, request: bytes, seconds_max: float | None
    ) -> EventBatch[EventColumns] | None:
        """Send a call and return its answer's batch.

        Raises `OSError`, also after a silence of `seconds_max`, and `ProtocolError`.
        """
        self._writer.write(request)
        answers: list[EventBatch[EventColumns] | None] = []
        while not answers:
            async with asyncio.timeout(seconds_max):
                data = await self._reader.read(CHUNK_BYTES)
            if not data:
                raise ConnectionResetError("it has closed the connection")
            answers = self._pull.receive_data(data)
        return answers[0]

    async def _wait(self) -> None:
        if not self._stopping:
            await asyncio.sleep(next(self._waits))


def _waits() -> Iterator[float]:
    """Seconds until the next attempt: each time twice as long, and by chance up to half of it less,
    so that many connections do not come at once."""
    seconds = WAIT_SECONDS_MIN
    while True:
        yield seconds * random.uniform(0.5, 1)
        seconds = min(2 * seconds, WAIT_SECONDS_MAX)


def _fact(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)  # asyncio's own text has the address once more
    return getattr(error, "strerror", None) or str(error) or "it does not answer"
