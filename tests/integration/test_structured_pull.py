"""``format("flume")`` with `agents`, in a real Spark."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark_flume.landing import Landing

from tests.support.flume import FlumeAgent, pull_exactly_once
from tests.support.receiver import lines_of
from tests.support.spark import free_port, wait_for
from tests.support.spark_sink import SparkSinkStandIn

EVENTS = 10_000


def test_a_query_counts_what_agents_have_each_event_once_whatever_happens_to_acks(
    session: SparkSession, tmp_path: Path
) -> None:
    half = lines_of("a.log", range(0, 10 * (EVENTS // 2) + 1, 10))
    rest = lines_of("b.log", range(0, 10 * (EVENTS // 2) + 1, 10))
    seen: dict[int, list[tuple[int, str]]] = {}

    def collect(batch: DataFrame, number: int) -> None:
        rows = batch.selectExpr("offset", "cast(body as string) body").collect()
        seen[number] = [(row.offset, row.body) for row in rows]

    with SparkSinkStandIn(half) as one, SparkSinkStandIn(rest) as two:
        one.lost_acks = one.ignored_acks = two.lost_acks = 2
        addresses = f"127.0.0.1:{one.port},127.0.0.1:{two.port}"
        agents = {"agents": addresses, "landing": str(tmp_path / "landing")}
        events = session.readStream.format("flume").options(**agents).load()
        writer = events.writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
        query = writer.foreachBatch(collect).start()
        try:
            wait_for(lambda: not one.ignored_acks, "acks are lost")
            one.time_out()
            wait_for(lambda: one.drained and two.drained, "all is acknowledged")
            query.processAllAvailable()
        finally:
            query.stop()

    rows = [row for batch in seen.values() for row in batch]
    assert sorted(offset for offset, _ in rows) == list(range(EVENTS))
    assert {body for _, body in rows} == {
        f"{file}@{start}" for file in ("a.log", "b.log") for start in range(0, 5 * EVENTS, 10)
    }


def test_a_query_has_each_line_once_of_an_agent_that_is_killed(
    session: SparkSession, tmp_path: Path
) -> None:
    lines = [f"line {number}" for number in range(EVENTS)]
    port, landing = free_port(), tmp_path / "landing"
    seen: dict[int, list[str]] = {}

    def collect(batch: DataFrame, number: int) -> None:
        seen[number] = [row.body for row in batch.selectExpr("cast(body as string) body").collect()]

    def start_agent() -> FlumeAgent:
        return FlumeAgent(tmp_path / "agent", pull_exactly_once(tmp_path), port)

    source = session.readStream.format("flume").option("agents", f"127.0.0.1:{port}")
    writer = source.option("landing", str(landing)).load().writeStream
    query = writer.option("checkpointLocation", str(tmp_path / "c")).foreachBatch(collect).start()
    agent = start_agent()
    try:
        written = agent.directory / "a.log"
        written.write_text("".join(line + "\n" for line in lines))
        written.rename(agent.spool / "a.log")
        wait_for(
            lambda: (landing / "landing.json").exists() and Landing(landing).latest() > 0,
            "events land",
        )
        agent.kill()
        agent = start_agent()
        wait_for(lambda: Landing(landing).latest() >= EVENTS, "all land")
        query.processAllAvailable()
    finally:
        query.stop()
        agent.kill()
    assert sorted(line for batch in seen.values() for line in batch) == sorted(lines)


def test_what_does_not_go_with_agents_is_an_error_of_load(
    session: SparkSession, tmp_path: Path
) -> None:
    agents = {"agents": "127.0.0.1:4000", "landing": str(tmp_path)}
    with pytest.raises(PySparkException, match="option tlsCertificate does not go with agents"):
        session.readStream.format("flume").options(**agents, tlsCertificate="c.pem").load()
    with pytest.raises(PySparkException, match="options port and agents are for readStream"):
        session.read.format("flume").options(**agents).load().count()
