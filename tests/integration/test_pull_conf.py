"""flume-conf/pull.conf in a real agent; a consumer fetches from it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.flume import FlumeAgent
from tests.support.poller import Poller
from tests.support.spark import accepts, free_port

LINES = [f"line {number}".encode() for number in range(5_000)]


@pytest.fixture
def start_agent(tmp_path: Path) -> Iterator[Callable[[], FlumeAgent]]:
    started: list[FlumeAgent] = []

    def start(port: int | None = None) -> FlumeAgent:
        started.append(FlumeAgent(tmp_path, "pull.conf", port or free_port()))
        return started[-1]

    yield start
    for agent in started:
        agent.kill()


def listens(agent: FlumeAgent) -> bool:
    return accepts(agent.sink_port)


def counter(agent: FlumeAgent, component: str, name: str) -> int:
    return int(agent.counters().get(component, {}).get(name, -1))


def spool_lines(agent: FlumeAgent) -> None:
    """Returns when the channel has them all."""
    elsewhere = agent.directory / "access.log"
    elsewhere.write_bytes(b"".join(line + b"\n" for line in LINES))
    elsewhere.rename(agent.spool / "access.log")
    agent.wait_for(
        lambda: counter(agent, "CHANNEL.buffer", "EventPutSuccessCount") == len(LINES),
        "the channel has the lines",
    )


def test_a_stop_first_lets_a_consumer_fetch_all_that_the_channel_holds(
    start_agent: Callable[[], FlumeAgent],
) -> None:
    agent = start_agent()
    agent.wait_for(lambda: listens(agent), "the sink listens")
    spool_lines(agent)
    bodies: list[bytes] = []

    with Poller(agent.sink_port) as consumer:
        batch = consumer.poll(100)
        agent.process.terminate()
        while not batch.error:
            bodies += [body for _, body in batch.events]
            consumer.ack(batch)
            batch = consumer.poll(100)
    agent.process.wait(timeout=30)

    assert bodies == LINES
    assert "is being stopped" in batch.error
    assert "events from channel buffer" in agent.stdout.read_text()


def test_an_agent_whose_port_is_in_use_says_so_and_listens_once_it_is_free(
    start_agent: Callable[[int], FlumeAgent],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        agent = start_agent(port)
        claim = f"Sink spark cannot listen on 127.0.0.1:{port}"
        agent.wait_for(lambda: claim in agent.stdout.read_text(), "the agent says so")

    agent.wait_for(lambda: listens(agent), "the sink listens")
    spool_lines(agent)
    with Poller(port) as consumer:
        consumer.ack(consumer.poll(1000))
    assert counter(agent, "SINK.spark", "EventDrainSuccessCount") == 1000
