"""The end of a streaming program: what has been received is counted first.

A program that imports this ends with one line where it fails of a cause that is known.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.streaming import StreamingContext

from flumelab.programs import failures

POLL_SECONDS = 0.5

failures.show_in_one_line()


def await_stop(ssc: StreamingContext, checkpoint: str) -> None:
    """``ssc.awaitTermination()``, and a stop that first counts all that was received.

    Waits for the file that `STOP_FILE` names (see `runtimes.submit`). Where all is counted,
    the checkpoint is removed: taken up again it would only make Spark run a batch for each second
    of the pause. Otherwise, and after a crash, it stays, with the write-ahead log in it.
    """
    stop_file = _stop_file()
    while not ssc.awaitTerminationOrTimeout(POLL_SECONDS):
        if stop_file.exists():
            scheduler = ssc._jssc.ssc().scheduler()
            tracker = scheduler.receiverTracker()
            ssc.stop(stopSparkContext=True, stopGraceFully=True)
            if tracker.hasUnallocatedBlocks() or not scheduler.getPendingTimes().isEmpty():
                print(f"stopped with events still to count; they are kept in {checkpoint}")
            else:
                shutil.rmtree(checkpoint, ignore_errors=True)
            return


def await_stop_of_queries(spark: SparkSession) -> None:
    """``spark.streams.awaitAnyTermination()``, and a stop that first counts all that is there."""
    stop_file = _stop_file()
    while not spark.streams.awaitAnyTermination(POLL_SECONDS):
        if stop_file.exists():
            for query in spark.streams.active:
                query.processAllAvailable()
                query.stop()
            return


def wait_unless_stopped(ready: Callable[[], bool]) -> bool:
    """Wait until ``ready()``, asked again and again; false where the stop comes first."""
    while not ready():
        if _stop_file().exists():
            return False
        time.sleep(POLL_SECONDS)
    return True


def _stop_file() -> Path:
    return Path(os.environ.get("STOP_FILE", "stop"))
