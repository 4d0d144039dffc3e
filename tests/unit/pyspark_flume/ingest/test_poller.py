"""The poller in this process, with stand-ins that behave as Flume's agents do."""

from __future__ import annotations

import errno
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest import spark_sink_client
from pyspark_flume.ingest.background_service import BackgroundService
from pyspark_flume.ingest.poller import CONNECTIONS_PER_AGENT
from pyspark_flume.ingest.service import END_SECONDS_MAX
from pyspark_flume.landing import Landing, disk
from pyspark_flume.options.ingestion import PollerSettings

from tests.support.avro_client import frame, lines
from tests.support.receiver import Gate, bodies, lines_of, stored
from tests.support.spark import wait_for
from tests.support.spark_sink import SparkSinkStandIn, event_batch

SECONDS = 20  # none of these waits for a process
A = lines_of("a.log", range(0, 500, 10))
A_BODIES = [b"a.log@%d" % at for at in range(0, 490, 10)]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(monkeypatch)
    yield gate
    gate.open.set()


@contextmanager
def polling(
    landing: Path, *agents: SparkSinkStandIn | int, **more: int
) -> Iterator[BackgroundService]:
    """A poller of these agents or ports, for as long as the block runs."""
    ports = [agent if isinstance(agent, int) else agent.port for agent in agents]
    settings = PollerSettings(landing, tuple(("127.0.0.1", port) for port in ports), **more)
    service = BackgroundService.start(settings)
    try:
        yield service
    finally:
        service.stop()


def until(what: Callable[[], object], claim: str) -> None:
    wait_for(what, claim, SECONDS)


def said(caplog: pytest.LogCaptureFixture, of: SparkSinkStandIn | int) -> list[str]:
    """What was logged about an agent, with AGENT for its address."""
    address = re.compile(rf"127\.0\.0\.1:{of if isinstance(of, int) else of.port}\b")
    messages = [record.getMessage() for record in caplog.records]
    return [address.sub("AGENT", text) for text in messages if address.search(text)]


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


# --- an ack means durable -----------------------------------------------------------------------


def test_events_are_landed_as_they_are_in_the_order_of_their_batch(tmp_path: Path) -> None:
    events = [({"host": "Köln", "n": f"{i}"}, b"\xff\0%d" % i) for i in range(100)]
    events += [({}, b""), ({}, bytes(1021)), ({}, bytes(1 << 20))]
    with (
        SparkSinkStandIn(encode_event(*event) for event in events) as agent,
        polling(tmp_path, agent),
    ):
        until(lambda: agent.drained, "all is acknowledged")

    assert stored(tmp_path) == events


def test_a_batch_is_acknowledged_only_after_its_fsync(gate: Gate, tmp_path: Path) -> None:
    with SparkSinkStandIn() as agent, polling(tmp_path, agent):
        gate.open.clear()
        calls = gate.calls
        agent.put(lines("a"))
        until(lambda: gate.calls > calls, "the fsync has begun")
        assert agent.count("ack") == 0
        assert Landing(tmp_path).latest() == 0

        gate.open.set()
        until(lambda: agent.drained, "it is acknowledged")
        assert bodies(tmp_path) == [b"a"]
    assert (agent.count("ack"), agent.count("nack")) == (1, 0)


def test_while_a_batch_is_stored_the_next_one_is_fetched(gate: Gate, tmp_path: Path) -> None:
    with SparkSinkStandIn() as agent, polling(tmp_path, agent, batch_events_max=1):
        gate.open.clear()
        agent.put(lines(*"abcde"))
        until(lambda: len(agent.channel) == 5 - CONNECTIONS_PER_AGENT, "each has a batch")
        assert agent.count("ack") == 0
        gate.open.set()
        until(lambda: agent.drained, "all is acknowledged")
    assert sorted(bodies(tmp_path)) == [b"a", b"b", b"c", b"d", b"e"]
    assert {size for name, size in agent.calls if name == "getEventBatch"} == {"1"}


def test_a_batch_that_cannot_be_stored_goes_back_and_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    full = threading.Event()
    fdatasync = disk.fdatasync

    def sync(descriptor: int) -> None:
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        fdatasync(descriptor)

    with SparkSinkStandIn() as agent, polling(tmp_path, agent, batch_events_max=20):
        monkeypatch.setattr(disk, "fdatasync", sync)
        full.set()
        agent.put([*A, *lines("plain")])
        until(lambda: agent.count("nack") > 2, "batches go back")
        assert agent.count("ack") == 0
        full.clear()
        until(lambda: agent.drained, "all is acknowledged in the end")

    assert sorted(bodies(tmp_path)) == sorted([*A_BODIES, b"plain"])
    assert len([r for r in caplog.records if "No space left on device" in r.getMessage()]) == 1


def test_a_batch_without_events_is_acknowledged(tmp_path: Path) -> None:
    with SparkSinkStandIn() as agent:
        agent.garbage.append(frame(0, event_batch(number="empty"))[4:])
        with polling(tmp_path, agent):
            until(lambda: ("ack", "empty") in agent.calls, "it is acknowledged")
    assert agent.count("nack") == 0


# --- each line once -----------------------------------------------------------------------------


def test_events_whose_ack_is_lost_come_again_and_are_landed_once(tmp_path: Path) -> None:
    with SparkSinkStandIn() as agent, polling(tmp_path, agent, batch_events_max=10):
        agent.lost_acks = agent.ignored_acks = 2
        agent.put(A)
        until(lambda: not agent.ignored_acks, "the acks are lost")
        agent.time_out()
        until(lambda: agent.drained, "all is acknowledged")

    assert sorted(bodies(tmp_path)) == sorted(A_BODIES)


def test_a_batch_that_times_out_while_it_is_stored_is_fetched_again_and_landed_once(
    gate: Gate, tmp_path: Path
) -> None:
    with SparkSinkStandIn() as agent, polling(tmp_path, agent):
        gate.open.clear()
        agent.put(A)
        until(lambda: not agent.channel, "it is fetched")
        agent.time_out()
        until(lambda: not agent.channel, "it is fetched by the other connection")
        gate.open.set()
        until(lambda: agent.count("ack") == 2, "the late ack and the other one")
        assert agent.drained

    assert bodies(tmp_path) == A_BODIES


def test_batches_that_come_in_any_order_over_two_agents_are_landed_once(tmp_path: Path) -> None:
    with (
        SparkSinkStandIn([*A[20:], *A[:10]]) as one,
        SparkSinkStandIn([*A[5:30], *lines("b")]) as two,
        polling(tmp_path, one, two, batch_events_max=7),
    ):
        until(lambda: one.drained and two.drained, "all is acknowledged")

    landed = bodies(tmp_path)
    assert sorted(landed) == sorted([*A_BODIES, b"b"])


def test_a_poller_that_is_started_again_knows_what_it_has_landed(tmp_path: Path) -> None:
    for _ in range(2):
        with SparkSinkStandIn(A) as agent, polling(tmp_path, agent):
            until(lambda agent=agent: agent.drained, "all is acknowledged")

    assert bodies(tmp_path) == A_BODIES


# --- agents that are away, stuck or wrong -------------------------------------------------------


def test_an_agent_that_goes_and_comes_back_has_one_line_each_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with SparkSinkStandIn() as agent, SparkSinkStandIn() as other, polling(tmp_path, agent, other):
        agent.put(lines("before"))
        until(lambda: agent.drained and agent.count("getEventBatch") > 2, "both wait for more")
        agent.stop()
        until(lambda: len(said(caplog, agent)) == 2, "its absence is logged")
        other.put(lines("meanwhile"))
        until(lambda: other.drained, "the other agent is fetched from")
        agent.start()
        agent.put(lines("after"))
        until(lambda: agent.drained, "all is acknowledged")
        until(lambda: agent.count("getEventBatch") > 5, "both wait for more again")

    assert said(caplog, agent) == [
        "AGENT connected",
        "no answer from AGENT (it has closed the connection); retrying",
        "AGENT connected",
    ]
    assert said(caplog, other) == ["AGENT connected"]
    assert sorted(bodies(tmp_path)) == [b"after", b"before", b"meanwhile"]


def test_an_agent_that_is_not_there_yet_is_fetched_from_once_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with SparkSinkStandIn(lines("a")) as agent:
        agent.stop()
        with polling(tmp_path, agent):
            until(lambda: said(caplog, agent), "its absence is logged")
            agent.start()
            until(lambda: agent.drained, "all is acknowledged")

    refused = "no answer from AGENT (Connection refused); retrying"
    assert said(caplog, agent) == [refused, "AGENT connected"]


def test_an_error_in_place_of_a_batch_is_logged_once_with_what_to_look_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with SparkSinkStandIn() as agent:
        agent.errors.extend(["Take list full"] * 4)
        with polling(tmp_path, agent):
            until(lambda: not agent.errors, "it is asked again")
            agent.put(lines("a"))
            until(lambda: agent.drained, "all is acknowledged")

    assert said(caplog, agent) == [
        "AGENT connected",
        "no batch from AGENT (Take list full); retrying; its channel's transactionCapacity must be "
        "at least agentBatchSize, 1000",
        "AGENT delivers batches again",
    ]
    assert agent.count("ack") == 1
    assert agent.count("nack") == 0


def test_an_error_after_a_long_poll_only_says_that_there_were_no_events(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_sink_client, "PROMPT_ERROR_SECONDS_MAX", 0)
    with SparkSinkStandIn() as agent:
        agent.errors.extend(["no events for 60 s"] * 200)
        with polling(tmp_path, agent):
            until(lambda: not agent.errors, "it is asked again at once")

    assert said(caplog, agent) == ["AGENT connected"]


def test_an_agent_that_answers_nothing_is_asked_again_in_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_sink_client, "ANSWER_SECONDS_MAX", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with polling(tmp_path, port):
            until(lambda: said(caplog, port), "it is logged")
            for _ in range(2 * CONNECTIONS_PER_AGENT):
                server.accept()[0].close()

    assert said(caplog, port) == ["no answer from AGENT (timed out); retrying"]


def test_an_agent_that_stops_in_the_middle_of_an_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_sink_client, "ANSWER_SECONDS_MAX", 0.5)
    one_buffer_of_100_bytes = b"\0\0\0\1\0\0\0\x64"
    with SparkSinkStandIn() as agent:
        agent.garbage.extend([one_buffer_of_100_bytes + b"half"] * CONNECTIONS_PER_AGENT)
        with polling(tmp_path, agent):
            until(lambda: not agent.garbage, "each connection has half an answer")
            agent.put(lines("after it"))
            until(lambda: agent.drained, "new connections fetch the event")


def test_a_poll_waits_for_events_unless_idle_timeout_is_set(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_sink_client, "ANSWER_SECONDS_MAX", 0.5)
    with (
        SparkSinkStandIn() as agent,
        SparkSinkStandIn() as same,
        polling(tmp_path / "patient", agent),
        polling(tmp_path / "impatient", same, idle_seconds_max=1),
    ):
        until(lambda: len(said(caplog, same)) >= 2, "the silence is logged")
        assert "timed out" in said(caplog, same)[1]
        assert said(caplog, agent) == ["AGENT connected"]
        agent.put(lines("at last"))
        until(lambda: agent.drained, "it is acknowledged")


def test_a_server_that_is_not_a_spark_sink_is_named_with_the_option(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with polling(tmp_path, port):
            for _ in range(CONNECTIONS_PER_AGENT):
                client, _ = server.accept()
                with client:
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            until(lambda: said(caplog, port), "it is logged")

    (line,) = said(caplog, port)
    assert "option agents has to name a SparkSink's port); retrying" in line


# --- the end ------------------------------------------------------------------------------------


def test_a_stop_acknowledges_what_has_come(gate: Gate, tmp_path: Path) -> None:
    with SparkSinkStandIn() as agent, polling(tmp_path, agent) as poller:
        gate.open.clear()
        calls = gate.calls
        agent.put(lines("a", "b"))
        until(lambda: gate.calls > calls, "the fsync has begun")
        stopping = threading.Thread(target=poller.stop)
        stopping.start()
        gate.open.set()
        stopping.join(SECONDS)
        assert not stopping.is_alive()
        assert (agent.count("ack"), agent.drained) == (1, True)
        agent.put(lines("c"))

    assert bodies(tmp_path) == [b"a", b"b"]


def test_a_stop_does_not_wait_for_agents_that_have_no_events(tmp_path: Path) -> None:
    with SparkSinkStandIn() as agent, polling(tmp_path, agent, 1) as poller:
        until(lambda: agent.count("getEventBatch") == CONNECTIONS_PER_AGENT, "both wait")
        began = time.monotonic()
        poller.stop()
        assert time.monotonic() - began < END_SECONDS_MAX
