"""What Spark counts from one Flume agent, against what Flume itself takes from the same agent.

Prints ``push_ratio: R``: events/s from spool directory to counts (`createStream`, `map`,
`reduceByKey`, collected each second, local[2]) over events/s of the same agent into Flume's own
avro source with a memory channel and a null sink. Both sides alternate in one run, on one machine.
Both sides start cold, on a spool directory that is full. BENCH_LINES: [1000000].
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from support import ROOT
from support.flume import Feed, agent, sender
from support.harness import PYTHON, free_port, medians, metric, running, size, wait_until

LINES = size("BENCH_LINES", 1_000_000)
LINES_PER_FILE = min(LINES, 10_000)

Side = AbstractContextManager[tuple[int, Callable[[], int]]]


@contextmanager
def flume() -> Iterator[tuple[int, Callable[[], int]]]:
    """Flume's avro source: its port, and how many events it has taken."""
    port, metrics_port = free_port(), free_port()
    conf = ROOT / "benchmarks/peer.conf"
    with agent(conf, metrics_port, FLUME_AGENT="peer", FLUME_SINK_PORT=str(port)):
        yield port, lambda: metric(metrics_port, "SOURCE.flume", "EventAcceptedCount")


@contextmanager
def spark() -> Iterator[tuple[int, Callable[[], int]]]:
    """Spark's receiver: its port, and how many events were counted."""
    program = str(ROOT / "benchmarks/programs/count_each_second.py")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "counted"
        command = ["spark-submit", "--master", "local[2]", program, str(port), str(counted)]
        conf = str(ROOT / "benchmarks/spark-conf")
        with running(command, **PYTHON, SPARK_CONF_DIR=conf):
            yield port, lambda: int(counted.read_text()) if counted.exists() else 0


def events_per_second(receiving: Callable[[], Side]) -> float:
    """Between the first event that is done and the last."""
    with tempfile.TemporaryDirectory() as folder:
        feed = Feed(Path(folder) / "flume", LINES // LINES_PER_FILE, LINES_PER_FILE)
        feed.publish(LINES // LINES_PER_FILE)
        with receiving() as (port, done), sender("access-log.conf", feed, port):
            wait_until(lambda: done() > 0, "the first event is through", poll_seconds=0.1)
            began, early = time.monotonic(), done()
            wait_until(lambda: done() >= feed.published, "all are through", poll_seconds=0.1)
            return (feed.published - early) / (time.monotonic() - began)


if __name__ == "__main__":
    sides = {"into flume": flume, "into spark": spark}
    rates = medians(
        {name: partial(events_per_second, side) for name, side in sides.items()},
        "events/s",
    )
    print(f"push_ratio: {rates['into spark'] / rates['into flume']:.2f}")
