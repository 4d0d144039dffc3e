"""What Spark counts from one Flume agent, against what Flume itself accepts from the same agent.

Prints ``push_ratio: R``: events/s from spool directory to counts (`createStream`, `map`,
`reduceByKey`, collected each second, local[2]) over events/s of the same agent to Flume's own avro
source with a memory channel and a null sink. Both sides alternate in one run, on one machine. Both
start cold, with a full spool directory. BENCH_LINES: [1000000].
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from support import ROOT
from support.dstreams import counting, events_per_second
from support.flume import agent
from support.harness import medians, metric, size

from tests.support.ports import free_port

LINES = size("BENCH_LINES", 1_000_000)


@contextmanager
def flume() -> Iterator[tuple[int, Callable[[], int]]]:
    """Run Flume's avro source; yield its port, and how many events it has accepted."""
    port, metrics_port = free_port(), free_port()
    conf = ROOT / "benchmarks/peer.conf"
    with agent(conf, metrics_port, FLUME_AGENT="peer", FLUME_SINK_PORT=str(port)):
        yield port, lambda: metric(metrics_port, "SOURCE.flume", "EventAcceptedCount")


if __name__ == "__main__":
    sides = {"into flume": flume, "into spark": counting}
    rates = medians(
        {
            name: partial(events_per_second, side, LINES, "access-log.conf")
            for name, side in sides.items()
        },
        "events/s",
    )
    print(f"push_ratio: {rates['into spark'] / rates['into flume']:.2f}")
