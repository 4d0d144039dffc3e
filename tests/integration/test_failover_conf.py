"""flume-conf/failover.conf with two workers of Spark, of which one is killed with the receiver."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import WORKER_CORES, WORKER_MEMORY, Master, Worker
from tests.support.flume import FlumeAgent
from tests.support.spark import QUICK_JVM, RecordedSpark, accepts, free_port

HOSTS = ["127.0.0.1", "127.0.0.2"]
LINES_A_FILE = 100
BATCH_EVENTS = 1000  # the conf's batch-size

# The program's address is 0.0.0.0 where each worker has a host of its own. Here both are one host,
# so it is a name that each worker takes for its own address.
OWN_ADDRESS = "own-address"


class Feed:
    """Spools files of numbered lines until it is ended."""

    def __init__(self, agent: FlumeAgent) -> None:
        self.lines: list[str] = []
        self._agent = agent
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            first = len(self.lines)
            lines = [f"line {number}" for number in range(first, first + LINES_A_FILE)]
            self._agent.feed(f"{first}.log", "\n".join([*lines, ""]).encode())
            self.lines += lines


@pytest.fixture
def master(installed_jar: Path, tmp_path: Path) -> Iterator[Master]:
    master = Master(tmp_path / "master")
    yield master
    master.kill()


@pytest.fixture
def workers(master: Master, tmp_path: Path) -> Iterator[dict[str, Worker]]:
    """By their addresses."""
    workers = {
        host: Worker(tmp_path / f"worker-{host}", master, host, OWN_ADDRESS) for host in HOSTS
    }
    for worker in workers.values():
        worker.wait_for_log("Successfully registered with master")
    yield workers
    for worker in workers.values():
        worker.kill()


def sent(agent: FlumeAgent, sink: str) -> int:
    """Events that a sink was answered OK for."""
    return int(agent.counters().get(f"SINK.{sink}", {}).get("EventDrainSuccessCount", 0))


def test_a_receiver_goes_to_another_worker_when_its_own_is_killed_and_flume_finds_it_there(
    master: Master,
    workers: dict[str, Worker],
    start_spark: Callable[..., RecordedSpark],
    tmp_path: Path,
) -> None:
    port = free_port()
    conf = {
        "spark.executor.memory": WORKER_MEMORY,
        "spark.executor.extraJavaOptions": QUICK_JVM,
        # The receiver is placed once both workers are there: each block is to have two copies.
        "spark.cores.max": str(WORKER_CORES * len(workers)),
        "spark.scheduler.minRegisteredResourcesRatio": "1",
    }
    spark = start_spark(master.url, {"host": OWN_ADDRESS, "port": port}, conf=conf)

    def place() -> str:
        return next((host for host in HOSTS if accepts(port, host)), "")

    first = spark.wait_for(place, "the receiver listens on one of the workers")
    agent = FlumeAgent(
        tmp_path / "flume",
        "failover.conf",
        port,
        FLUME_SINK_HOST=HOSTS[0],
        FLUME_SINK_HOST_2=HOSTS[1],
        FLUME_SINK_PORT_2=str(port),
    )
    try:
        feed = Feed(agent)
        agent.wait_for(lambda: len(spark.batches()) > 3, "Spark has batches")
        workers.pop(first).kill()
        (other,) = workers
        spark.wait_for(lambda: place() == other, "the receiver listens on the other worker")
        sink = f"spark{HOSTS.index(other) + 1}"
        agent.wait_for(lambda: sent(agent, sink) > 1000, "Flume delivers there")
        feed.end()

        def counted() -> Counter[str]:
            return Counter(body for batch in spark.batches() for _, body in batch["events"])

        spark.wait_for(lambda: counted().keys() >= set(feed.lines), "each line is counted")
        # One batch may have been stored, its answer cut off by the kill.
        assert counted().total() <= len(feed.lines) + BATCH_EVENTS
    finally:
        agent.kill()
