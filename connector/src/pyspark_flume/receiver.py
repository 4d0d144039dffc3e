"""Store what Flume's avro sinks send in a landing log: ``python -m pyspark_flume.receiver``.

    avro sink ──frames──▶ SinkConnection ──batches──▶ GroupCommit ──append, fsync──▶ landing log
              ◀──────────────────────── OK ──────────────┘

A batch is answered OK once it is durable. Structured Streaming reads the log with
``format("flume")``. A query can also run this receiver itself (option `port`).
"""

import sys
from collections.abc import Sequence

from pyspark_flume.ingest.command import run
from pyspark_flume.ingest.receiver import Receiver
from pyspark_flume.options.ingestion import ReceiverSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    purpose = "Store what Flume's avro sinks send in a landing log."
    return run("receiver", purpose, ReceiverSettings, Receiver, arguments)


if __name__ == "__main__":
    sys.exit(main())
