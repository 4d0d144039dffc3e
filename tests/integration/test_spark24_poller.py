"""The last connector that Spark shipped, and ours: each one's poller at the other one's sink.

Set `SPARK24_SUBMIT` to a command that runs spark-submit of Spark 2.4 with
spark-streaming-flume_2.11, spark-streaming-flume-sink_2.11, flume-ng-sdk and flume-ng-core among
its jars. It has to see the folder that it is started in.

Set `SPARK24_SINK_JARS` to a folder with spark-streaming-flume-sink_2.11 2.4.7, flume-ng-node 1.9.0,
scala-library 2.11.12, and what these need.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark_flume.landing import Landing

from tests.support.flume import FlumeAgent
from tests.support.receiver import bodies
from tests.support.spark import PROGRAMS, Program, accepts, environment, free_port

PROGRAM = "poll_with_spark24.py"
LINES = [f"line {number} of ten thousand" for number in range(10_000)]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[FlumeAgent]:
    agent = FlumeAgent(tmp_path / "agent", "pull.conf", free_port())
    yield agent
    agent.kill()


@pytest.fixture
def spark24(tmp_path: Path, agent: FlumeAgent) -> Iterator[Program]:
    submit = os.environ.get("SPARK24_SUBMIT")
    if not submit:
        pytest.skip("SPARK24_SUBMIT names no spark-submit of Spark 2.4")
    agent.wait_for(lambda: accepts(agent.sink_port), "the sink listens")
    here = tmp_path / "spark24"
    here.mkdir()
    shutil.copy(PROGRAMS / PROGRAM, here)
    command = [*shlex.split(submit), PROGRAM, str(agent.sink_port), "lines"]
    spark = Program(command, here, dict(os.environ))
    yield spark
    spark.kill()


def acked(agent: FlumeAgent) -> int:
    return int(agent.counters()["SINK.spark"]["EventDrainSuccessCount"])


def test_spark_24s_own_poller_has_each_of_ten_thousand_events_once(
    agent: FlumeAgent, spark24: Program
) -> None:
    elsewhere = agent.directory / "lines.log"
    elsewhere.write_text("".join(f"{line}\n" for line in LINES))
    elsewhere.rename(agent.spool / "lines.log")
    output = spark24.directory / "lines"

    spark24.wait_for(
        lambda: output.exists() and output.read_bytes().count(b"\n") >= len(LINES),
        "Spark 2.4 has as many events",
    )
    agent.wait_for(lambda: acked(agent) >= len(LINES), "all of them are acknowledged")

    assert sorted(output.read_text().splitlines()) == sorted(LINES)
    assert acked(agent) == len(LINES)


SPARK24_SINK = """
agent.sources = log
agent.channels = buffer
agent.sinks = spark
agent.sources.log.type = spooldir
agent.sources.log.spoolDir = {spool}
agent.sources.log.channels = buffer
agent.channels.buffer.type = memory
agent.channels.buffer.capacity = 100000
agent.channels.buffer.transactionCapacity = 1000
agent.sinks.spark.type = org.apache.spark.streaming.flume.sink.SparkSink
agent.sinks.spark.hostname = 127.0.0.1
agent.sinks.spark.port = {port}
agent.sinks.spark.channel = buffer
"""


@pytest.fixture
def spark24_sink(tmp_path: Path) -> Iterator[int]:
    """Its port; behind it are ten thousand lines."""
    jars = os.environ.get("SPARK24_SINK_JARS")
    if not jars:
        pytest.skip("SPARK24_SINK_JARS names no folder with the sink of Spark 2.4")
    spool, conf, port = tmp_path / "spool", tmp_path / "sink.conf", free_port()
    spool.mkdir()
    (spool / "lines.log").write_text("".join(f"{line}\n" for line in LINES))
    conf.write_text(SPARK24_SINK.format(spool=spool, port=port))
    node = "org.apache.flume.node.Application"
    command = ["java", "-cp", f"{jars}/*", node, "--name", "agent", "--conf-file", str(conf)]
    agent = Program([*command, "--no-reload-conf"], tmp_path / "agent", dict(os.environ))
    try:
        agent.wait_for(lambda: accepts(port), "the sink listens")
        yield port
    finally:
        agent.kill()


@pytest.fixture
def poller(tmp_path: Path, spark24_sink: int) -> Iterator[Program]:
    agents = ["--agents", f"127.0.0.1:{spark24_sink}", "--landing", "landing"]
    command = [sys.executable, "-m", "pyspark_flume.poller", *agents]
    poller = Program(command, tmp_path / "poller", environment())
    yield poller
    poller.kill()


def test_our_poller_has_each_of_ten_thousand_events_of_spark_24s_sink_once(
    poller: Program,
) -> None:
    landing = poller.directory / "landing"
    poller.wait_for_log("connected")
    poller.wait_for(lambda: Landing(landing).latest() >= len(LINES), "all events have come")
    assert sorted(body.decode() for body in bodies(landing)) == sorted(LINES)
