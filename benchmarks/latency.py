"""The time from a file in the spool directory to its counts in the result store.

Prints ``latency_p50_ms: T`` and ``latency_p99_ms: T``: from the rename of a file until all its
lines are committed. Every 100 ms a file of 200 lines (so 2,000 lines/s) goes through
exactly-once.conf (spool directory, handoff channel, avro sink), the receiver, the landing log and
both queries of spark-apps/url_counts_structured.py, local[2]. BENCH_FILES: [600] are measured,
after BENCH_WARM_FILES: [200] that are not.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from support.flume import Feed, receiver_port, sender
from support.harness import size, wait_until
from support.structured import counting

FILES = size("BENCH_FILES", 600)
WARM_FILES = size("BENCH_WARM_FILES", 200)
LINES_PER_FILE = 200
FILE_SECONDS = 0.1
POLL_SECONDS = 0.005


def latencies(feed: Feed, counted: Callable[[], int]) -> list[float]:
    """Return the seconds of each file; files are counted in the order in which they arrive."""
    files = WARM_FILES + FILES
    renamed: list[float] = []
    committed: list[float] = []
    began = time.monotonic()

    def all_committed() -> bool:
        now = time.monotonic()
        if len(renamed) < files and now >= began + len(renamed) * FILE_SECONDS:
            feed.publish(1)
            renamed.append(now)
        done = counted() // LINES_PER_FILE
        committed.extend([time.monotonic()] * (done - len(committed)))
        return len(committed) == files

    wait_until(all_committed, "all files are counted", POLL_SECONDS)
    return [end - start for start, end in zip(renamed, committed, strict=True)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        feed = Feed(work / "flume", 1 + WARM_FILES + FILES, LINES_PER_FILE)
        landing = work / "landing"
        with (
            receiver_port(landing) as port,
            counting(work / "spark", landing) as counted,
            sender("exactly-once.conf", feed, port),
        ):
            feed.publish(1)
            wait_until(lambda: counted() == LINES_PER_FILE, "the first file is counted")
            measured = latencies(feed, lambda: counted() - LINES_PER_FILE)[WARM_FILES:]
    milliseconds = sorted(1000 * seconds for seconds in measured)
    print(f"latency: {milliseconds[0]:.0f} to {milliseconds[-1]:.0f} ms, {FILES} files")
    print(f"latency_p50_ms: {statistics.median(milliseconds):.0f}")
    print(f"latency_p99_ms: {milliseconds[int(0.99 * (FILES - 1))]:.0f}")
