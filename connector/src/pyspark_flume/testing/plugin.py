"""Fixtures of pytest for pipelines with Flume. pytest finds them once the package is installed::

    def test_a_query(landing_log, spark):
        landing_log.append(["one line", "another"])

It imports little until a fixture is used, since each run of pytest loads it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark_flume.testing.agent import AgentProcess
    from pyspark_flume.testing.fake_log import FakeLog
    from pyspark_flume.testing.receiver import ReceiverProcess
    from pyspark_flume.testing.sender import FlumeSender
    from pyspark_flume.testing.spool import Spool


@pytest.fixture
def landing_log(tmp_path: Path) -> FakeLog:
    """A landing log to fill with `append`; nothing else writes to it."""
    from pyspark_flume.testing.fake_log import FakeLog

    return FakeLog(tmp_path / "fake-landing")


@pytest.fixture
def flume_receiver(tmp_path: Path) -> Iterator[ReceiverProcess]:
    """A running receiver with `host`, `port` and `landing`."""
    from pyspark_flume.testing.receiver import ReceiverProcess

    receiver = ReceiverProcess(tmp_path / "landing")
    yield receiver
    receiver.stop()


@pytest.fixture
def flume_sender(flume_receiver: ReceiverProcess) -> Iterator[FlumeSender]:
    """A connection to `flume_receiver`; `send` stands for an agent, and raises `SendFailed`."""
    from pyspark_flume.testing.sender import FlumeSender

    with FlumeSender(flume_receiver.host, flume_receiver.port) as sender:
        yield sender


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool directory, whose `put` adds a file."""
    from pyspark_flume.testing.spool import Spool

    return Spool(tmp_path / "spool")


@pytest.fixture
def flume_agent(
    tmp_path: Path, spool: Spool, flume_receiver: ReceiverProcess
) -> Iterator[Callable[..., AgentProcess]]:
    """Starts agents: ``flume_agent("access-log.conf")``; the test is skipped without Flume.

    The conf may name the fixtures' places: ``${env:FLUME_SPOOL_DIR}``, ``${env:FLUME_SINK_HOST}``,
    ``${env:FLUME_SINK_PORT}`` and, for a file channel, ``${env:FLUME_CHANNEL_DIR}``.
    """
    from pyspark_flume.testing.agent import FLUME_NG, AgentProcess

    if not shutil.which(FLUME_NG):
        pytest.skip(f"{FLUME_NG} is not on the PATH; install Flume, or use FlumeContainer")
    places = {
        "FLUME_SPOOL_DIR": str(spool.path),
        "FLUME_SINK_HOST": flume_receiver.host,
        "FLUME_SINK_PORT": str(flume_receiver.port),
        "FLUME_CHANNEL_DIR": str(tmp_path / "channel"),
    }
    with ExitStack() as agents:

        def start(
            conf: str | Path, agent: str | None = None, **environment: str | int
        ) -> AgentProcess:
            given = {**places, **environment}
            process = AgentProcess(conf, tmp_path / "agent", agent, **given)
            agents.callback(process.stop)
            return process

        yield start
