"""flume-conf/exactly-once.conf in a real agent: each event says which bytes of which file it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from tests.support.flume import Collector, Event, FlumeAgent

CONF = "exactly-once.conf"
ORIGIN = "web-1"

ANY_BYTES = bytes(byte for byte in range(256) if byte != ord("\n"))
LINES = [
    b"GET / HTTP/1.1",
    b"",
    b"GET / HTTP/1.1",  # a genuine repeat
    b"ends in CRLF\r",
    "é€😀 in UTF-8".encode(),
    ANY_BYTES,
    b"",
    b"x" * 100_000,
]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.end()


@pytest.fixture
def start_agent(tmp_path: Path, collector: Collector) -> Iterator[Callable[[], FlumeAgent]]:
    """Starts the agent of this test; a second one goes on where the first one ended."""
    started: list[FlumeAgent] = []

    def start() -> FlumeAgent:
        started.append(FlumeAgent(tmp_path, CONF, collector.port, FLUME_ORIGIN=ORIGIN))
        return started[-1]

    yield start
    for agent in started:
        agent.kill()


def spool(agent: FlumeAgent, name: str, data: bytes) -> str:
    """Feed a file; returns what the header `file` has to be."""
    return f"{ORIGIN}:{agent.feed(name, data)}"


def place(event: Event) -> tuple[str, int, int]:
    headers, _ = event
    assert set(headers) == {"file", "offset", "end"}
    return headers["file"], int(headers["offset"]), int(headers["end"])


def places_of_lines(file: str, data: bytes) -> set[tuple[str, int, int]]:
    ends = [at + 1 for at, byte in enumerate(data) if byte == ord("\n")]
    if not data.endswith(b"\n") and data:
        ends.append(len(data))
    return {(file, offset, end) for offset, end in pairwise([0, *ends])}


def test_an_event_is_the_bytes_of_its_place(
    start_agent: Callable[[], FlumeAgent], collector: Collector
) -> None:
    agent = start_agent()
    files = {
        spool(agent, name, data): data
        for name, data in {
            "whole.log": b"\n".join([*LINES, b""]),
            "no-newline.log": b"\n".join([*LINES, b"no newline at the end"]),
            "one-newline.log": b"\n",
            "empty.log": b"",
        }.items()
    }
    expected = set().union(*(places_of_lines(file, data) for file, data in files.items()))

    agent.wait_for(agent.has_sent_all, "the agent comes to rest")

    assert len(collector.events) == len(expected)
    assert set(map(place, collector.events)) == expected
    for event in collector.events:
        file, offset, end = place(event)
        newline = b"" if end == len(files[file]) and files[file][-1:] != b"\n" else b"\n"
        assert event[1] + newline == files[file][offset:end]


def test_an_agent_killed_under_load_sends_every_line_and_each_with_its_place(
    start_agent: Callable[[], FlumeAgent], collector: Collector
) -> None:
    random = Random(5)
    # Few texts, so that nearly every line is a repeat of another one.
    data = b"".join(b"x" * random.randrange(300) + b"\n" for _ in range(20_000))
    agent = start_agent()
    file = spool(agent, "access.log", data)
    expected = places_of_lines(file, data)

    agent.wait_for(lambda: len(collector.events) > 1_000, "a few lines arrive")
    agent.kill()
    agent = start_agent()
    agent.wait_for(lambda: len(collector.events) > 8_000, "more lines arrive")
    agent.kill()
    assert len(collector.events) < len(expected)
    agent = start_agent()
    agent.wait_for(agent.has_sent_all, "the agent comes to rest")

    assert set(map(place, collector.events)) == expected
    for event in collector.events:
        _, offset, end = place(event)
        assert event[1] + b"\n" == data[offset:end]
