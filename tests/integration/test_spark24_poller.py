"""The last connector that Spark shipped fetches from our sink, through flume-conf/pull.conf.

Set `SPARK24_SUBMIT` to a command that runs spark-submit of Spark 2.4 with
spark-streaming-flume_2.11, spark-streaming-flume-sink_2.11, flume-ng-sdk and flume-ng-core among
its jars. It has to see the folder that it is started in.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.flume import FlumeAgent
from tests.support.spark import PROGRAMS, Program, accepts, free_port

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
