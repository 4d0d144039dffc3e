"""Break what is between a line and the landing log, under load: each line lands once.

By default each fault strikes once, all of them in one load. FAULT_KILLS says how often each does
in a load of its own (`make faults`: 20), FAULT_SEED when.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark_flume.events.record import decode_events
from pyspark_flume.landing import Landing

from tests.support.cutter import Cutter
from tests.support.flume import FlumeAgent, pull_exactly_once
from tests.support.spark import ROOT, Program, accepts, environment, free_port, wait_for

KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
LINES = 200_000
LINES_PER_SECOND = 40_000


class Lane:
    """loadgen → agent with exactly-once.conf → (cutter) → receiver → landing log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.landing = folder / "landing"
        self.port = free_port()
        self.cutter = Cutter(self.port)
        self.runs = 0
        self.start_receiver()
        self.start_agent()

    def start_receiver(self) -> None:
        self.run("receiver", "--host", "127.0.0.1", "--port", str(self.port))
        self.receiver.wait_for(lambda: accepts(self.port), "the receiver listens")

    def run(self, module: str, *options: str) -> None:
        self.runs += 1
        command = [sys.executable, "-m", f"pyspark_flume.{module}", *options]
        self.receiver = Program(
            [*command, "--landing", str(self.landing)],
            self.folder / f"receiver-{self.runs}",
            environment(),
        )

    def start_agent(self) -> None:
        self.agent = FlumeAgent(self.folder / "agent", "exactly-once.conf", self.cutter.port)

    def feed(self) -> None:
        places = ["--spool", str(self.agent.spool), "--ledger", str(self.folder / "ledger")]
        size = ["--lines", str(LINES), "--rate", str(LINES_PER_SECOND), "--seed", str(SEED)]
        command = [sys.executable, "-m", "loadgen", *places, *size]
        self.generator = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    def landed(self) -> int:
        return Landing(self.landing).latest()

    def check(self) -> None:
        """Every line of every file once, with its own bytes."""
        wait_for(lambda: self.landed() >= LINES, f"{LINES} lines land", 120)
        assert self.generator.wait(60) == 0
        # What came after the last line would be a second copy of something.
        wait_for(lambda: self.sent() == 0, "the channel is empty", 60)
        log = Landing(self.landing)
        found = Counter(
            (headers["file"].rpartition("/")[2], int(headers["offset"]), body)
            for block in log.blocks(log.earliest(), log.latest())
            for headers, body in decode_events(bytes(block.items))
        )
        expected = Counter(dict.fromkeys(self.lines(), 1))
        assert found - expected == Counter(), "duplicated"
        assert expected - found == Counter(), "lost"

    def sent(self) -> int:
        """Events that the agent still holds; -1 before it answers."""
        channel = self.agent.counters().get("CHANNEL.buffer", {})
        return int(channel.get("ChannelSize", -1))

    def lines(self) -> Iterator[tuple[str, int, bytes]]:
        for file in self.agent.spool.glob("*.log*"):
            offset = 0
            for line in file.read_bytes().splitlines(keepends=True):
                yield file.name.removesuffix(".COMPLETED"), offset, line.rstrip(b"\n")
                offset += len(line)

    def close(self) -> None:
        self.agent.kill()
        self.receiver.kill()
        self.cutter.close()
        if self.generator.poll() is None:
            self.generator.kill()
            self.generator.wait()


class PullLane(Lane):
    """loadgen → agent with exactly-once.conf, but pull.conf's sink ← poller → landing log."""

    def start_receiver(self) -> None:
        self.run("poller", "--agents", f"127.0.0.1:{self.port}")
        self.receiver.wait_for_log("polls 127.0.0.1")

    def start_agent(self) -> None:
        self.agent = FlumeAgent(self.folder / "agent", pull_exactly_once(self.folder), self.port)


LANES = {"push": Lane, "pull": PullLane}


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lane]:
    lane = LANES[request.param](tmp_path)
    yield lane
    lane.close()


def lands_a_part(lane: Lane, chance: random.Random, strikes: int, lines: int = LINES) -> None:
    """Wait until a random part of the load has landed since now.

    A load of some seconds has to last for all `strikes` that are left, so the part is at most half
    of each one's share of the rest. A backlog lands at 100 lines/ms.
    """
    landed = lane.landed()
    part = chance.randrange(1, max(2, (lines - landed) // (2 * strikes)))
    target = min(landed + part, lines - 1)
    wait_for(lambda: lane.landed() >= target, f"{target} lines land", 60, poll_seconds=0.005)
    time.sleep(chance.uniform(0, 0.01))  # anywhere within a batch


def kill_the_agent(lane: Lane) -> None:
    lane.agent.process.send_signal(signal.SIGKILL)
    lane.agent.kill()
    lane.start_agent()


def kill_the_receiver(lane: Lane) -> None:
    lane.receiver.kill()
    lane.start_receiver()


def lose_an_answer(lane: Lane) -> None:
    """Between the receiver's OK and Flume's commit."""
    wanted = lane.cutter.cuts + 1
    lane.cutter.cut()
    wait_for(lambda: lane.cutter.cuts == wanted, "an answer is cut off")


STRIKES = {
    "push": [kill_the_agent, kill_the_receiver, lose_an_answer],
    "pull": [kill_the_agent, kill_the_receiver],
}
ALONE = [(lane, KILLS * [strike]) for lane in STRIKES for strike in STRIKES[lane]]
IN_TURN = list(STRIKES.items())


@pytest.mark.parametrize(
    ("lane", "strikes"),
    ALONE if KILLS > 1 else IN_TURN,
    ids=lambda value: (
        value if isinstance(value, str) else "-".join({strike.__name__: None for strike in value})
    ),
    indirect=["lane"],
)
def test_what_is_struck_under_load_loses_and_repeats_nothing(
    lane: Lane, strikes: list[Callable[[Lane], None]]
) -> None:
    chance = random.Random(SEED)
    lane.feed()
    for done, strike in enumerate(strikes):
        lands_a_part(lane, chance, len(strikes) - done)
        strike(lane)
    lane.check()
