"""`FlumeUtils` on today's Spark, against Spark 2.4 with its own `FlumeUtils`.

Prints ``dstream_ratio: R`` (push, `createStream`) and ``pull_ratio: R`` (`createPollingStream`):
events/s that one program (`map`, `reduceByKey`, collected each second, local[2]) counts from one
agent, over the events/s that it counts in PySpark 2.4.8. The sides alternate in one run; each
starts cold, with a full spool directory. BENCH_LINES: [1000000].

SPARK24_SUBMIT names a `spark-submit` of Spark 2.4 with spark-streaming-flume on its class path;
without it nothing is measured. Both sides use the lab's Flume. ``dstream_ratio.py pull`` measures
only one of the two.
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
    """Return the ratio of today's Spark to Spark 2.4."""
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
        print(
            "dstream_ratio, pull_ratio: not measured, because SPARK24_SUBMIT is not set; see the"
            " first lines of benchmarks/dstream_ratio.py"
        )
        sys.exit()
    for way in sys.argv[1:] or NAMES:
        name, conf = NAMES[way]
        print(f"{name}: {ratio(way, conf, spark24):.2f}", flush=True)
