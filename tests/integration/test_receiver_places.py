"""On which worker of a cluster a receiver runs, and what Flume's sinks have to name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.cluster import WORKER_MEMORY, Master, Worker
from tests.support.program_signs import signs_of
from tests.support.spark import QUICK_JVM, RecordedSpark, free_port

ELSEWHERE = "203.0.113.7"  # of no host (RFC 5737)
WORKER = "127.0.0.2"


def test_the_driver_says_on_which_worker_a_receiver_is_and_when_no_worker_has_its_name(
    installed_jar: Path, start_spark: Callable[..., RecordedSpark], tmp_path: Path
) -> None:
    conf = {"spark.executor.memory": WORKER_MEMORY, "spark.executor.extraJavaOptions": QUICK_JVM}
    port = free_port()
    streams = [{"host": "0.0.0.0", "port": port}, {"host": ELSEWHERE}]  # noqa: S104
    master = Master(tmp_path / "master")
    worker = Worker(tmp_path / "worker", master, WORKER, "worker")
    try:
        worker.wait_for_log("Successfully registered with master")
        spark = start_spark(master.url, *streams, conf=conf)
        spark.wait_for_log("WARN", "none of the workers")
        found = signs_of(spark)
        spark.kill()
        lone = start_spark(master.url, {"host": ELSEWHERE}, conf=conf)
        lone.wait_for_log("WARN", "none of the workers")
        assert "no-such-worker" in signs_of(lone)
        lone.kill()
    finally:
        worker.kill()
        master.kill()
    assert found["receiver-on-any-worker"].sentence == (
        f"createStream on 0.0.0.0:{port}: its receiver may run on any worker, and runs on {WORKER} "
        "now; let Flume's sink name that worker, or pass the host name of a worker to createStream"
    )
    nowhere = found["no-such-worker"]
    assert nowhere.place == f"createStream on {ELSEWHERE}:{spark.port(1)}"
    assert nowhere.fact == (
        f"none of the workers {WORKER} has this address, so its receiver moves from one to the next"
    )
    assert "cannot-listen" not in found
