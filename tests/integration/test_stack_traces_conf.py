"""flume-conf/stack-traces.conf in a real agent that is killed: each message lands once, whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from pyspark_flume.landing import Landing

from tests.support.flume import FlumeAgent
from tests.support.receiver import ReceiverProgram, stored

CONF = "stack-traces.conf"
MESSAGES = 12_000
FILES = 3


def message(random: Random, number: int) -> bytes:
    """Half of them have a trace; few texts, so that most traces are repeats of another one."""
    first = f"2026-01-{1 + number % 28:02}T10:05:03 ERROR order {random.randrange(50)} failed"
    trace = [f"\tat shop.Order.step{n}(Order.java:{n})" for n in range(random.randrange(12))]
    cause = ["", "Caused by: no stock", *trace] if number % 3 == 0 else []
    lines = [first, *(["java.lang.IllegalStateException", *trace, *cause] * (number % 2))]
    return "\n".join(lines).encode()


def files(folder: Path) -> dict[str, tuple[bytes, list[bytes]]]:
    """The bytes of each file, and the messages in it."""
    random = Random(3)
    logs = {}
    for file in range(FILES):
        messages = [message(random, number) for number in range(MESSAGES // FILES)]
        if file == 1:  # a rotation has cut a trace, and the last newline is missing
            messages[0] = b"\tat shop.Order.late(Order.java:9)\n\tat shop.Main.main(Main.java:1)"
            logs[f"app-{file}.log"] = (b"\n".join(messages), messages)
        else:
            logs[f"app-{file}.log"] = (b"\n".join([*messages, b""]), messages)
    return logs


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[ReceiverProgram]:
    with ReceiverProgram(tmp_path / "receiver") as receiver:
        yield receiver


def test_messages_with_their_traces_land_once_though_the_agent_is_killed(
    tmp_path: Path, receiver: ReceiverProgram
) -> None:
    agent = FlumeAgent(tmp_path / "agent", CONF, receiver.port)
    try:
        logs = files(tmp_path)
        spooled = {name: agent.feed(name, data) for name, (data, _) in logs.items()}
        for landed in (1_000, 5_000):
            agent.wait_for(
                lambda least=landed: Landing(receiver.landing).latest() > least,
                f"more than {landed} messages land",
            )
            agent.kill()
            agent = FlumeAgent(tmp_path / "agent", CONF, receiver.port)
        agent.wait_for(agent.has_sent_all, "the agent comes to rest")
    finally:
        agent.kill()

    expected = Counter(
        (f"lab:{spooled[name]}", body) for name, (_, messages) in logs.items() for body in messages
    )
    events = stored(receiver.landing)
    assert Counter((headers["file"], body) for headers, body in events) == expected
    for headers, body in events:
        data, _ = logs[Path(headers["file"]).name]
        offset, end = int(headers["offset"]), int(headers["end"])
        assert data[offset:end].removesuffix(b"\n") == body
