"""What the conf that counts each line once delivers, against what Flume delivers to Flume.

Prints ``exactly_once_ratio: R``: events/s of exactly-once.conf (spool directory, a place for each
line, handoff channel, avro sink) to ``python -m pyspark_flume.receiver``, which answers OK after
its fsync, over events/s of the stock hop: access-log.conf (memory channel) to Flume's own avro
source with a memory channel and a null sink, which writes to no disk. ``exactly_once_cost`` is the
same over access-log.conf to the same receiver. All sides count the events for which the sending
agent was answered OK. They alternate in one run, each after a warm-up. BENCH_LINES: [1000000].
"""

import tempfile
from pathlib import Path

from support.flume import flume_source, receiver_port, sent_per_second
from support.harness import medians, size

LINES = size("BENCH_LINES", 1_000_000)


def stock_hop() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return sent_per_second(Path(folder) / "flume", LINES, flume_source())


def into_receiver(conf: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        landing = receiver_port(Path(folder) / "landing")
        return sent_per_second(Path(folder) / "flume", LINES, landing, conf=conf)


if __name__ == "__main__":
    rates = medians(
        {
            "stock hop": stock_hop,
            "access-log.conf": lambda: into_receiver("access-log.conf"),
            "exactly-once.conf": lambda: into_receiver("exactly-once.conf"),
        },
        "events/s",
    )
    exactly_once = rates["exactly-once.conf"]
    print(f"exactly_once_ratio: {exactly_once / rates['stock hop']:.2f}")
    print(f"exactly_once_cost: {exactly_once / rates['access-log.conf']:.2f}")
