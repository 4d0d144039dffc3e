"""What one Flume agent delivers to the receiver, against what it delivers to Flume itself.

Prints ``intake_ratio: R``: events/s of access-log.conf (spool directory, memory channel, avro sink)
to ``python -m pyspark_flume.receiver``, which answers OK after its fsync, over events/s of the same
agent to Flume's own avro source with a memory channel and a null sink, which writes to no disk.
Both sides count the events for which the sending agent was answered OK, from the first to the last.
They alternate in one run, each after a warm-up. BENCH_LINES: [1000000].
"""

import tempfile
from pathlib import Path

from support.flume import flume_source, receiver_port, sent_per_second
from support.harness import medians, size

LINES = size("BENCH_LINES", 1_000_000)


def into_flume() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return sent_per_second(Path(folder) / "flume", LINES, flume_source())


def into_receiver() -> float:
    with tempfile.TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        return sent_per_second(Path(folder) / "flume", LINES, receiver_port(landing))


if __name__ == "__main__":
    rates = medians({"into flume": into_flume, "into receiver": into_receiver}, "events/s")
    print(f"intake_ratio: {rates['into receiver'] / rates['into flume']:.2f}")
