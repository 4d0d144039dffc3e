"""Fetch from Flume's SparkSinks into a landing log: ``python -m pyspark_flume.poller``.

    SparkSink ──batch──▶ SparkSinkClient ──events──▶ GroupCommit ──append, fsync──▶ landing log
              ◀──────────────────────── ack ─────────────┘

A batch is acknowledged once it is durable. Structured Streaming reads the log with
``format("flume")``. A query can also run this poller itself (option `agents`).
"""

import sys
from collections.abc import Sequence

from pyspark_flume.ingest.command import run
from pyspark_flume.ingest.poller import Poller
from pyspark_flume.options.ingestion import PollerSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    purpose = "Fetch from Flume's SparkSinks into a landing log."
    return run("poller", purpose, PollerSettings, Poller, arguments)


if __name__ == "__main__":
    sys.exit(main())
