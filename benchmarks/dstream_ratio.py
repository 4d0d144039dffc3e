"""`FlumeUtils` on today's Spark, against Spark 2.4 with its own.

Prints ``dstream_ratio: R`` (push, `createStream`) and ``pull_ratio: R`` (`createPollingStream`):
events/s of the same program (`map`, `reduceByKey`, collected each second, local[2]) from one agent,
over those that PySpark 2.4.8 counts. The sides alternate in one run; each starts cold, on a spool
directory that is full. BENCH_LINES: [1000000].

SPARK24_SUBMIT names a `spark-submit` of Spark 2.4 with spark-streaming-flume on its class path;
without it nothing is measured. Flume is the lab's for both sides. ``dstream_ratio.py pull``
measures one of the two.
"""

import os
import shlex
import sys
from functools import partial

from support.dstreams import counting, events_per_second
from support.harness import medians, size

LINES = size("BENCH_LINES", 1_000_000)
NAMES = {"push": ("dstream_ratio", "access-log.conf"), "pull": ("pull_ratio", "pull.conf")}


def ratio(way: str, conf: str, spark24: list[str]) -> float:
    """Of today's Spark to Spark 2.4."""
    sides = {"spark 2.4": spark24, "spark today": ["spark-submit"]}
    rates = medians(
        {
            f"{way}, {name}": partial(
                events_per_second, partial(counting, submit, way), LINES, conf
            )
            for name, submit in sides.items()
        },
        "events/s",
    )
    then, now = rates.values()
    return now / then


if __name__ == "__main__":
    spark24 = shlex.split(os.environ.get("SPARK24_SUBMIT", ""))
    if not spark24:
        sys.exit(
            "dstream_ratio, pull_ratio: not measured, as SPARK24_SUBMIT is not set; see --help"
        )
    for way in sys.argv[1:] or NAMES:
        name, conf = NAMES[way]
        print(f"{name}: {ratio(way, conf, spark24):.2f}", flush=True)
