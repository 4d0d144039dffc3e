"""The time from a file to its counts in the result store, against Spark's own text source.

Prints ``latency_ratio: R``: the median time from the rename of a file until all its lines are
committed, through exactly-once.conf (spool directory, handoff channel, avro sink), the receiver and
the landing log, over that of the same query (programs/url_totals.py, local[2]) with Spark's text
source, which reads such files itself. ``latency_p99_ratio`` is our 99th percentile over our median.
Every 100 ms there is a file of 200 lines, so 2,000 lines/s. BENCH_FILES: [300] are measured in
each round, after BENCH_WARM_FILES: [200] that are not. Both sides alternate in one run.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support import ROOT
from support.flume import Feed, receiver_port, sender
from support.harness import ROUNDS, size, wait_until
from support.structured import counting

FILES = size("BENCH_FILES", 300)
WARM_FILES = size("BENCH_WARM_FILES", 200)
LINES_PER_FILE = 200
FILE_SECONDS = 0.1
POLL_SECONDS = 0.005
TOTALS = ROOT / "benchmarks" / "programs" / "url_totals.py"


@contextmanager
def through_flume(work: Path, feed: Feed) -> Iterator[Callable[[], int]]:
    """Yield a function that returns how many lines are counted."""
    landing = work / "landing"
    with (
        receiver_port(landing) as port,
        counting(work / "spark", landing, TOTALS) as counted,
        sender("exactly-once.conf", feed, port),
    ):
        yield counted


@contextmanager
def by_text_source(work: Path, feed: Feed) -> Iterator[Callable[[], int]]:
    """Yield a function that returns how many lines are counted."""
    os.environ["TEXT_DIR"] = str(feed.spool)
    try:
        with counting(work / "spark", work / "none", TOTALS) as counted:
            yield counted
    finally:
        del os.environ["TEXT_DIR"]


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


def milliseconds(side: Callable[..., Iterator[Callable[[], int]]]) -> list[float]:
    """Return the latency of each measured file."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        feed = Feed(work / "flume", 1 + WARM_FILES + FILES, LINES_PER_FILE)
        with side(work, feed) as counted:
            feed.publish(1)
            wait_until(lambda: counted() == LINES_PER_FILE, "the first file is counted")
            measured = latencies(feed, lambda: counted() - LINES_PER_FILE)[WARM_FILES:]
    return [1000 * seconds for seconds in measured]


def percentile(values: list[float], hundredths: int) -> float:
    """Return the value that so many hundredths of all values do not exceed."""
    return statistics.quantiles(values, n=100)[hundredths - 1]


if __name__ == "__main__":
    sides = {"flume": through_flume, "text source": by_text_source}
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            found[name] += milliseconds(side)
    for name, values in found.items():
        p50, p99 = percentile(values, 50), percentile(values, 99)
        print(f"{name}: p50 {p50:,.0f} ms, p99 {p99:,.0f} ms, {len(values)} files", flush=True)
    p50 = percentile(found["flume"], 50)
    print(f"latency_p99_ratio: {percentile(found['flume'], 99) / p50:.2f}")
    print(f"latency_ratio: {p50 / percentile(found['text source'], 50):.2f}")
