"""What the log says of one agent's SparkSink, and how often."""

from __future__ import annotations

import errno
import logging
import socket

import pytest
from pyspark_flume.ingest.spark_sink_status import SparkSinkStatus


@pytest.fixture
def sink(caplog: pytest.LogCaptureFixture) -> SparkSinkStatus:
    caplog.set_level(logging.INFO)
    return SparkSinkStatus("agent", 4545)


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (OSError(errno.EPERM, "Connect call failed ('10.0.0.1', 4545)"), "Operation not permitted"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call"), "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError("Multiple exceptions"), "Multiple exceptions"),
        (TimeoutError(), "timed out"),
        (ValueError("answer 2 belongs to no call"), "answer 2 belongs to no call"),
    ],
)
def test_why_an_agent_does_not_answer_is_said_in_plain_words(
    sink: SparkSinkStatus, caplog: pytest.LogCaptureFixture, error: Exception, fact: str
) -> None:
    sink.unreachable(error)

    assert caplog.messages == [f"no answer from agent:4545 ({fact}); retrying"]


def test_the_log_has_the_first_failure_and_the_return(
    sink: SparkSinkStatus, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        sink.unreachable(TimeoutError())
    sink.connected()
    sink.connected()
    sink.disconnected()
    sink.unreachable(TimeoutError())  # the other connection is still open
    sink.disconnected()
    sink.unreachable(TimeoutError())

    away, here = "no answer from agent:4545 (timed out); retrying", "agent:4545 connected"
    assert caplog.messages == [away, here, away]
    assert (sink.open, sink.accepted, sink.errors) == (0, 2, 5)


def test_an_agent_without_a_batch_is_named_once_until_it_delivers(
    sink: SparkSinkStatus, caplog: pytest.LogCaptureFixture
) -> None:
    sink.delivered()
    for _ in range(2):
        sink.failed("Full", 1000)
    sink.delivered()
    sink.delivered()
    sink.failed("Full", 1000)

    failing = (
        "no batch from agent:4545 (Full); retrying; its channel's transactionCapacity must be at "
        "least agentBatchSize, 1000"
    )
    assert caplog.messages == [failing, "agent:4545 delivers batches again", failing]
    assert sink.errors == 3
