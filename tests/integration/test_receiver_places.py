"""On which worker of a cluster a receiver runs, and what Flume's sinks have to name."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from flumelab.own.snapshot import take
from flumelab.signs import Part, Sign, find
from flumelab.signs.snapshot import Kind
from tests.support.cluster import WORKER_MEMORY, Master, Worker
from tests.support.program_signs import lines_of, signs_of
from tests.support.sick_agent import STILL_SECONDS, SickAgent
from tests.support.spark import QUICK_JVM, RecordedSpark, free_port
from tests.support.waiting import wait_for

ELSEWHERE = "203.0.113.7"  # of no host (RFC 5737)
WORKER = "127.0.0.2"


def elsewhere(folder: Path, spark: RecordedSpark, port: int) -> Sign:
    """Return the sign of an agent whose sink names another host than the receiver's."""
    folder.mkdir()
    agent = SickAgent(folder)
    agent.add("channels", "c1", type="memory")
    agent.add("sinks", "k1", type="avro", channel="c1", hostname="127.0.0.1", port=port)
    agent.source("r1", agent.spool("spool", a_log="a line\n"), "c1")
    agent.start()

    def found() -> Sign | None:
        seen = take(agent.evidence, still_seconds=STILL_SECONDS)
        parts = [*seen.parts, Part("program", Kind.PROGRAM, "running")]
        all_logs = {**seen.logs, "program": lines_of(spark)}
        signs = find(replace(seen, parts=parts, logs=all_logs))
        return next((sign for sign in signs if sign.name == "receiver-elsewhere"), None)

    try:
        return wait_for(found, "the sink's sign names the worker")
    finally:
        agent.end()


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
        # The workers are one host here, so a sink finds the receiver until it is gone.
        with ThreadPoolExecutor() as aside:
            waiting = aside.submit(elsewhere, tmp_path / "flume", spark, port)
            lone = start_spark(master.url, {"host": ELSEWHERE}, conf=conf)
            lone.wait_for_log("WARN", "none of the workers")
            assert "no-such-worker" in signs_of(lone)
            lone.kill()
            away = waiting.result()
    finally:
        worker.kill()
        master.kill()
    assert away.fact == (
        f"127.0.0.1:{port} accepts no connection, since Spark runs the receiver on the worker "
        f"{WORKER}, and 1 event waits in channel c1"
    )
    assert away.remedy == f"pass 127.0.0.1 to createStream, or set a1.sinks.k1.hostname = {WORKER}"
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
