"""How a program waits for its stop, which first counts everything that was received.

The lab asks for the stop by creating the file that `STOP_FILE` names (see
`flumelab.runtimes.submit`).
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.streaming import StreamingContext

from flumelab.programs import progress

POLL_SECONDS = 0.5


def await_stop_of_streams(ssc: StreamingContext, checkpoint: str) -> None:
    """Wait like ``ssc.awaitTermination()``; at a stop, end once everything received is counted.

    The checkpoint is then removed, because a program that resumed from it would run a batch for
    each second of the pause. After a crash, or if events are left to count, the checkpoint stays,
    with the write-ahead log in it.
    """
    progress.tell_streams(ssc)
    while not ssc.awaitTerminationOrTimeout(POLL_SECONDS):
        if _stop_is_asked_for():
            scheduler = ssc._jssc.ssc().scheduler()
            tracker = scheduler.receiverTracker()
            ssc.stop(stopSparkContext=True, stopGraceFully=True)
            if tracker.hasUnallocatedBlocks() or not scheduler.getPendingTimes().isEmpty():
                print(f"stopped with events still to count; they are kept in {checkpoint}")
            else:
                shutil.rmtree(checkpoint, ignore_errors=True)
            return


def await_stop_of_queries(spark: SparkSession) -> None:
    """Wait like ``spark.streams.awaitAnyTermination()``; at a stop, end once all is counted."""
    queries = progress.Queries()
    while not spark.streams.awaitAnyTermination(POLL_SECONDS):
        queries.tell(spark)
        if _stop_is_asked_for():
            for query in spark.streams.active:
                query.processAllAvailable()
                queries.tell(spark)
                query.stop()
            return


def wait_until(ready: Callable[[], bool]) -> bool:
    """Wait until ``ready()`` is true, and return True; False if the stop comes first."""
    while not ready():
        if _stop_is_asked_for():
            return False
        time.sleep(POLL_SECONDS)
    return True


def _stop_is_asked_for() -> bool:
    return Path(os.environ.get("STOP_FILE", "stop")).exists()
