"""flume-conf/fan-out.conf in a real agent: who gets which line, and what each path guarantees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadgen.scenarios import SCENARIOS
from tests.support.flume import Collector, Event, FlumeAgent
from tests.support.spark import ROOT, free_port

CONF = ROOT / "flume-conf" / "fan-out.conf"
GIFTS = [
    b"2026-01-01T00:00:03Z,1-0000002,gift-tea,2,3.20",
    b"2026-01-01T00:00:03Z,1-0000002,gift-tea,2,3.20",  # a genuine repeat
    b",,gift-",
    b"\xff\xfe,no time,gift-\x80,two,free\r",
]
NO_GIFTS = [
    b"2026-01-01T00:00:03Z,1-0000002,tea,2,3.20",
    b"2026-01-01T00:00:03Z,gift-1,tea,2,3.20",
    b"2026-01-01T00:00:03Z,1-0000002,large-gift-tea,2,3.20",
    b"2026-01-01T00:00:03Z,1-0000002,gift,2,3.20",
    b"2026-01-01T00:00:03Z,1-0000002,Gift-tea,2,3.20",
    b"2026-01-01T00:00:03Z,1-0000002,tea,2,3.20,gift-tea",
    b"gift-tea",
    b"",
    b"\xff",
]


@pytest.fixture
def collectors() -> Iterator[list[Collector]]:
    """Of the sinks `sales` and `wrapping`."""
    collectors = [Collector(), Collector()]
    yield collectors
    for collector in collectors:
        collector.end()


@pytest.fixture
def start_agent(tmp_path: Path, collectors: list[Collector]) -> Iterator[Callable[..., FlumeAgent]]:
    """Starts the agent of this test; a second one goes on where the first one ended."""
    started: list[FlumeAgent] = []

    def start(conf: Path = CONF, wrapping: int | None = None) -> FlumeAgent:
        sales, other = (collector.port for collector in collectors)
        second = {"FLUME_SINK_HOST_2": "127.0.0.1", "FLUME_SINK_PORT_2": str(wrapping or other)}
        started.append(FlumeAgent(tmp_path, str(conf), sales, **second))
        return started[-1]

    yield start
    for agent in started:
        agent.kill()


def lines(events: list[Event]) -> Counter[bytes]:
    return Counter(body for _, body in events)


def waiting(agent: FlumeAgent, channel: str) -> int:
    return int(agent.counters().get(f"CHANNEL.{channel}", {}).get("ChannelSize", -1))


def test_every_line_goes_to_the_one_and_gifts_to_the_other_too(
    start_agent: Callable[..., FlumeAgent], collectors: list[Collector]
) -> None:
    generated = SCENARIOS["orders"](1, malformed=0.01).generate(5_000).data.splitlines()
    gifts = [line for line in generated if line.split(b",")[2].startswith(b"gift-")] + GIFTS
    every = generated + GIFTS + NO_GIFTS
    agent = start_agent()
    agent.feed("orders.log", b"".join(line + b"\n" for line in every))

    sales, wrapping = collectors
    agent.wait_for(
        lambda: len(sales.events) >= len(every) and len(wrapping.events) >= len(gifts),
        "both have their lines",
    )
    assert lines(sales.events) == Counter(every)
    assert lines(wrapping.events) == Counter(gifts)
    assert {headers.get("kind") for headers, _ in sales.events} == {"gift", None}
    places = {(headers["file"], headers["offset"]) for headers, _ in wrapping.events}
    assert len(places) == len(gifts)  # so the landing log tells repeats from copies


def test_gifts_wait_on_disk_for_their_program_and_hold_up_nobody(
    start_agent: Callable[..., FlumeAgent], collectors: list[Collector]
) -> None:
    sales, wrapping = collectors
    agent = start_agent(wrapping=free_port())
    agent.feed("orders.log", b"".join(line + b"\n" for line in NO_GIFTS + GIFTS))
    agent.wait_for(lambda: len(sales.events) == len(NO_GIFTS + GIFTS), "sales has every line")
    agent.wait_for(lambda: waiting(agent, "gifts") == len(GIFTS), "the gifts wait")
    agent.kill()

    agent = start_agent()
    agent.wait_for(lambda: len(wrapping.events) >= len(GIFTS), "the gifts arrive")
    assert lines(wrapping.events) == Counter(GIFTS)
    assert lines(sales.events) == Counter(NO_GIFTS + GIFTS)


def test_a_channel_that_is_full_puts_a_batch_into_the_other_again(
    start_agent: Callable[..., FlumeAgent], collectors: list[Collector], tmp_path: Path
) -> None:
    size = "lab.channels.gifts.capacity = "
    assert size in CONF.read_text()
    small = tmp_path / "small.conf"
    small.write_text(CONF.read_text().replace(f"{size}1000000", f"{size}1000"))
    agent = start_agent(small, wrapping=free_port())
    agent.feed("orders.log", (GIFTS[0] + b"\n") * 1_001)

    sales = collectors[0]
    agent.wait_for(lambda: len(sales.events) > 1_001, "sales has a line again")
    assert waiting(agent, "gifts") == 1_000
