"""What Spark counts from one Flume agent, against what Flume itself takes from the same agent.

Prints ``push_ratio: R``: events/s from spool directory to counts (`createStream`, `map`,
`reduceByKey`, collected each second, local[2]) over events/s of the same agent into Flume's own
avro source with a memory channel and a null sink. Both sides alternate in one run, on one machine.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[1]
LINES = int(os.environ.get("BENCH_LINES", "1000000"))
ROUNDS = 3
SECONDS_MAX = 180
RECEIVER_PORT, SENDER_METRICS, PEER_METRICS = 24141, 24142, 24143
AGENT = {
    **os.environ,
    "FLUME_HOME": str(ROOT / "connector/flume-runtime/target/flume"),
    "FLUME_SINK_HOST": "127.0.0.1",
    "FLUME_SINK_PORT": str(RECEIVER_PORT),
}


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def metric(port: int, component: str, counter: str) -> int:
    try:
        metrics = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).json()
        return int(metrics[component][counter])
    except (requests.RequestException, KeyError):
        return 0


def measure(done: Callable[[], int], spool: Path) -> float:
    """Start the sending agent; events/s between the first one done and the last."""
    agent = AGENT | {
        "FLUME_CONF": str(ROOT / "flume-conf/access-log.conf"),
        "FLUME_SPOOL_DIR": str(spool),
        "FLUME_METRICS_PORT": str(SENDER_METRICS),
    }
    with running([str(ROOT / "flume-conf/agent")], agent):
        deadline = time.monotonic() + SECONDS_MAX
        first = first_count = 0.0
        while (count := done()) < LINES:
            now = time.monotonic()
            if count and not first:
                first, first_count = now, count
            if now > deadline:
                raise TimeoutError(f"{count:,} of {LINES:,} events after {SECONDS_MAX} s")
            time.sleep(0.1)
        return (LINES - first_count) / (time.monotonic() - first)


def into_flume(spool: Path) -> float:
    peer = AGENT | {
        "FLUME_AGENT": "peer",
        "FLUME_CONF": str(ROOT / "benchmarks/peer.conf"),
        "FLUME_METRICS_PORT": str(PEER_METRICS),
    }
    with running([str(ROOT / "flume-conf/agent")], peer):
        return measure(lambda: metric(PEER_METRICS, "SOURCE.flume", "EventAcceptedCount"), spool)


def into_spark(spool: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "counted"
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_CONF_DIR": str(ROOT / "benchmarks/spark-conf"),
        }
        program = str(ROOT / "benchmarks/programs/count_each_second.py")
        command = ["spark-submit", "--master", "local[2]", program, str(RECEIVER_PORT)]
        with running([*command, str(counted)], environment):
            return measure(lambda: int(counted.read_text()) if counted.exists() else 0, spool)


if __name__ == "__main__":
    rates: dict[str, list[float]] = {"flume": [], "spark": []}
    for _ in range(ROUNDS):
        for name, side in (("flume", into_flume), ("spark", into_spark)):
            with tempfile.TemporaryDirectory() as spool, tempfile.TemporaryDirectory() as ledger:
                places = ["--spool", spool, "--ledger", f"{ledger}/ledger.jsonl"]
                command = [sys.executable, "-m", "loadgen", *places, "--lines", str(LINES)]
                subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
                rates[name].append(side(Path(spool)))
    for name, found in rates.items():
        print(f"into {name}: {min(found):,.0f} to {max(found):,.0f} events/s in {ROUNDS} runs")
    medians = {name: statistics.median(found) for name, found in rates.items()}
    print(f"push_ratio: {medians['spark'] / medians['flume']:.2f}")
    print(json.dumps({name: round(rate) for name, rate in medians.items()}))
