"""Fetches from Flume's SparkSinks into a landing log: ``python -m pyspark_flume.poller``.

    SparkSink ──batch──▶ AgentConnection ──events──▶ Intake ──append, fsync──▶ landing log
              ◀───────────────── ack ──────────────────┘

A batch is acknowledged once it is durable. Structured Streaming reads the log with
``format("flume")``; it may also run this poller itself (its option `agents`).
"""

import asyncio
import sys
from collections.abc import Sequence

from pyspark_flume.ingest.service import END_SECONDS_MAX, Ingestion, run_command
from pyspark_flume.ingest.spark_sink_client import Agent, AgentConnection
from pyspark_flume.options import PollerSettings

# While a batch of one is being stored, the agent takes the next one out of its channel: 1.1 to 1.8
# times the events/s of one connection alone, measured. A third adds little.
CONNECTIONS_PER_AGENT = 2


class Poller(Ingestion):
    """Some agents and the log that their events go into."""

    settings: PollerSettings

    def __init__(self, settings: PollerSettings) -> None:
        self._agents = [Agent(*address) for address in settings.agents]
        names = ", ".join(map(str, self._agents))
        super().__init__(settings, f"the poller of {names}", f"polls {names}")

    async def _begin(self) -> Sequence[asyncio.Task[None]]:
        self._connections = [
            AgentConnection(agent, self.settings, self.intake)
            for agent in self._agents
            for _ in range(CONNECTIONS_PER_AGENT)
        ]
        self._tasks = [asyncio.create_task(each.run()) for each in self._connections]
        return self._tasks

    async def _settle(self) -> None:
        for connection in self._connections:
            connection.stop()
        await asyncio.wait(self._tasks, timeout=END_SECONDS_MAX)

    def _end(self) -> None:
        """Each connection closes with its task."""


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    purpose = __doc__.splitlines()[0]
    return run_command("poller", purpose, PollerSettings, Poller, arguments)


if __name__ == "__main__":
    sys.exit(main())
