"""From a spool directory to committed counts, against what Flume delivers to Flume.

Prints ``end_to_end_ratio: R``: events/s through the agent (exactly-once.conf, with our plugins),
the receiver, the landing log and the query that commits counts (programs/url_totals.py, local[2]),
over events/s of stock Flume into stock Flume: access-log.conf into an avro source, as in
intake_ratio.py. ``end_to_end_stock_ratio`` has access-log.conf on both sides, and
``with_windows_ratio`` the lab's own program, with its second query by sliding windows. Counts are
measured from the first event that the agent has sent to the last one in the result store.
Everything runs on the same cores. All sides alternate in one run, each after a warm-up. Spark's JVM
uses its optimising compiler, as in a program that runs for days, and a warm-up of 2,400,000 lines:
after 800,000 lines the compiler still takes two fifths of the JVM's time. BENCH_LINES: [4000000].
"""

import os
import tempfile
from functools import partial
from pathlib import Path

from support import ROOT
from support.flume import (
    PARTS,
    Feed,
    events_per_second,
    flume_source,
    receiver_port,
    sender,
    sent_per_second,
)
from support.harness import medians, size
from support.structured import PROGRAM, counting

LINES = size("BENCH_LINES", 4_000_000)
WARM_PARTS = 12
# The aim is throughput: a micro-batch costs a fifth of a second of CPU even with few rows.
os.environ["TRIGGER"] = "2 seconds"
BOTH_COMPILERS = "--conf=spark.driver.defaultJavaOptions=-XX:+UseSerialGC"
TOTALS = ROOT / "benchmarks" / "programs" / "url_totals.py"


def into_flume() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return sent_per_second(Path(folder) / "flume", LINES, flume_source(), WARM_PARTS)


def into_counts(conf: str, program: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        feed = Feed(work / "flume", WARM_PARTS + PARTS, LINES // PARTS)
        landing = work / "landing"
        with (
            receiver_port(landing) as port,
            counting(work / "spark", landing, program, BOTH_COMPILERS) as counted,
            sender(conf, feed, port) as sent,
        ):
            return events_per_second(feed, sent, counted, WARM_PARTS)


if __name__ == "__main__":
    rates = medians(
        {
            "stock hop": into_flume,
            "exactly-once.conf": partial(into_counts, "exactly-once.conf", TOTALS),
            "access-log.conf": partial(into_counts, "access-log.conf", TOTALS),
            "with windows": partial(into_counts, "exactly-once.conf", PROGRAM),
        },
        "events/s",
    )
    hop = rates["stock hop"]
    print(f"end_to_end_stock_ratio: {rates['access-log.conf'] / hop:.2f}")
    print(f"with_windows_ratio: {rates['with windows'] / hop:.2f}")
    print(f"end_to_end_ratio: {rates['exactly-once.conf'] / hop:.2f}")
