"""From a spool directory to committed counts, against what Flume delivers to Flume.

Prints ``end_to_end_ratio: R``: events/s through the agent (access-log.conf), the receiver, the
landing log and the query that commits counts (programs/url_totals.py, local[2]), over events/s of
the same agent into Flume's own avro source, as in intake_ratio.py. The first is measured from the
first event that the agent has sent to the last one in the result store. Everything runs on the same
cores. Both sides alternate in one run, each after a warm-up. The lab's own program, with its second
query by sliding windows, is also measured. Spark's JVM uses its optimising compiler, as in a
program that runs for days, and a warm-up of 2,400,000 lines: after 800,000 lines the compiler still
takes two fifths of the JVM's time. BENCH_LINES: [4000000].
"""

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
BOTH_COMPILERS = "--conf=spark.driver.defaultJavaOptions=-XX:+UseSerialGC"
TOTALS = ROOT / "benchmarks" / "programs" / "url_totals.py"


def into_flume() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return sent_per_second(Path(folder) / "flume", LINES, flume_source(), WARM_PARTS)


def into_counts(program: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        feed = Feed(work / "flume", WARM_PARTS + PARTS, LINES // PARTS)
        landing = work / "landing"
        with (
            receiver_port(landing) as port,
            counting(work / "spark", landing, program, BOTH_COMPILERS) as counted,
            sender("access-log.conf", feed, port) as sent,
        ):
            return events_per_second(feed, sent, counted, WARM_PARTS)


if __name__ == "__main__":
    rates = medians(
        {
            "into flume": into_flume,
            "into counts": partial(into_counts, TOTALS),
            "with windows": partial(into_counts, PROGRAM),
        },
        "events/s",
    )
    print(f"with windows: {rates['with windows'] / rates['into flume']:.2f}")
    print(f"end_to_end_ratio: {rates['into counts'] / rates['into flume']:.2f}")
