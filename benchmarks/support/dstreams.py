"""Run benchmarks/programs/count_each_second.py on any Spark, and measure how fast it counts."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from support import ROOT
from support.flume import Feed, sender
from support.harness import PYTHON, cpu_seconds, running, wait_until
from tests.support.ports import free_port

PROGRAM = "benchmarks/programs/count_each_second.py"

# A run is so short that the JVM's better compiler would only take CPU from either Spark. BENCH_JAVA
# names other options; -Xshare:auto is a default, so with it both have the JVM's defaults.
JAVA_OPTIONS = os.environ.get("BENCH_JAVA", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1")

# A destination of events: its port, and a function that returns how many events are done.
Side = AbstractContextManager[tuple[int, Callable[[], int]]]


@contextmanager
def counting(
    submit: Sequence[str] = ("spark-submit",), way: str = "push"
) -> Iterator[tuple[int, Callable[[], int]]]:
    """Run the program with `submit`, a spark-submit, in local[2]; `way` is push or pull."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "counted"
        # As options, because another Spark does not see this environment.
        options = ["--master", "local[2]", "--driver-memory", "2g"]
        options += ["--driver-java-options", JAVA_OPTIONS]
        command = [*submit, *options, PROGRAM, way, str(port), str(counted)]
        conf = str(ROOT / "benchmarks/spark-conf")
        with running(command, **PYTHON, SPARK_CONF_DIR=conf):
            yield port, lambda: int(counted.read_text()) if counted.exists() else 0


def events_per_second(receiving: Callable[[], Side], lines: int, conf: str) -> float:
    """Return the events/s from an agent with `conf`, between the first event done and the last.

    Prints the CPU time per event of each kind of process.
    """
    lines_per_file = min(lines, 10_000)
    files = lines // lines_per_file
    with tempfile.TemporaryDirectory() as folder:
        feed = Feed(Path(folder) / "flume", files, lines_per_file)
        feed.publish(files)
        with receiving() as (port, done), sender(conf, feed, port):
            wait_until(lambda: done() > 0, "the first event is through", poll_seconds=0.1)
            began, early, used = time.monotonic(), done(), cpu_seconds()
            wait_until(lambda: done() >= feed.published, "all are through", poll_seconds=0.1)
            seconds, events = time.monotonic() - began, feed.published - early
            used = cpu_seconds() - used
            costs = (f"{kind} {1e6 * used[kind] / events:.1f}" for kind in sorted(used))
            print(f"  µs of CPU an event: {', '.join(costs)}", flush=True)
            return events / seconds
