"""The source of events that fetches from Flume's SparkSinks."""

import asyncio
from collections.abc import Sequence

from pyspark_flume.ingest.counters import AgentConnections, ConnectionCounts
from pyspark_flume.ingest.group_commit import GroupCommit
from pyspark_flume.ingest.spark_sink_client import SparkSinkClient
from pyspark_flume.ingest.spark_sink_status import SparkSinkStatus
from pyspark_flume.options.ingestion import PollerSettings

# While a batch of one connection is stored, the agent takes the next one out of its channel for the
# other. That gave 1.1 to 1.8 times the events/s of a single connection. A third one adds little.
CONNECTIONS_PER_AGENT = 2


class Poller:
    """Connections to the SparkSinks of some agents. An `EventSource`."""

    def __init__(self, settings: PollerSettings) -> None:
        self._settings = settings
        self._sinks = [SparkSinkStatus(*address) for address in settings.agents]
        names = ", ".join(map(str, self._sinks))
        self.name = f"the poller of {names}"
        self.action = f"polls {names}"
        self._clients: list[SparkSinkClient] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, group_commit: GroupCommit) -> Sequence["asyncio.Task[None]"]:
        """Connect to each agent and fetch, for as long as the tasks run."""
        self._clients = [
            SparkSinkClient(sink, self._settings, group_commit.submit)
            for sink in self._sinks
            for _ in range(CONNECTIONS_PER_AGENT)
        ]
        self._tasks = [asyncio.create_task(client.run()) for client in self._clients]
        return self._tasks

    def has_one_sender(self) -> bool:
        """No: even a single agent has two connections."""
        return False

    def connections(self) -> ConnectionCounts:
        """How many connections there are to each agent, and how often one failed."""
        agents = {str(sink): AgentConnections(sink.open, sink.errors) for sink in self._sinks}
        return ConnectionCounts(
            open=sum(agent.open for agent in agents.values()),
            accepted=sum(sink.accepted for sink in self._sinks),
            agents=agents,
        )

    async def drain(self) -> None:
        """Fetch nothing more, and wait until each batch that has arrived is acknowledged."""
        for client in self._clients:
            client.stop()
        await asyncio.wait(self._tasks)

    def close(self) -> None:
        """Do nothing: each connection closes with its task."""
