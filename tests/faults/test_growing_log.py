"""Kill what is between a log that grows and the landing log, while it is rotated: each line once.

FAULT_KILLS and FAULT_SEED are those of test_exactly_once.py.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark_flume.events.record import decode_events
from pyspark_flume.landing import Landing

from loadgen import ledger as ledgers
from tests.faults.test_exactly_once import (
    KILLS,
    LINES_PER_SECOND,
    SEED,
    STRIKES,
    Lane,
    lands_a_part,
)
from tests.support.flume import FlumeAgent
from tests.support.spark import ROOT, wait_for

Place = tuple[str, int, bytes]
LINES = 200_000 if KILLS > 1 else 64_000
LINES_PER_LOG = 8_000  # two writes: five rotations a second


class GrowingLane(Lane):
    """loadgen appends and rotates → agent with growing-log.conf → receiver → landing log."""

    rotation = "rename"

    def start_agent(self) -> None:
        self.agent = FlumeAgent(self.folder / "agent", "growing-log.conf", self.cutter.port)

    def feed(self) -> None:
        places = ["--append", self.agent.spool / "access.log", "--ledger", self.folder / "ledger"]
        rotation = ["--rotate-every", LINES_PER_LOG, "--rotate-by", self.rotation]
        size = ["--lines", LINES, "--rate", LINES_PER_SECOND, "--seed", SEED]
        command = [sys.executable, "-m", "loadgen", *map(str, [*places, *rotation, *size])]
        self.generator = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    def check(self) -> None:
        """Every line of every log once, with its own place."""
        wait_for(lambda: self.landed() >= LINES, f"{LINES} lines land", 120)
        assert self.generator.wait(60) == 0
        wait_for(lambda: self.sent() == 0, "the channel is empty", 60)
        found = Counter(map(self.same, self.places()))
        expected = Counter(self.same(line) for log in self.logs() for line in lines_of(log))
        assert (
            expected.total()
            == LINES
            == sum(entry.lines for entry in ledgers.read(self.folder / "ledger"))
        )
        assert expected - found == Counter(), "lost"
        assert found - expected == Counter(), "duplicated"

    def same(self, place: Place) -> Place:
        """What tells one line from another."""
        return place

    def logs(self) -> list[Path]:
        logs = sorted(self.agent.spool.iterdir())
        assert len(logs) == LINES // LINES_PER_LOG, "rotated while it was read"
        return logs

    def places(self) -> Iterator[Place]:
        log = Landing(self.landing)
        for block in log.blocks(log.earliest(), log.latest()):
            for headers, body in decode_events(bytes(block.items)):
                yield headers["file"], int(headers["offset"]), body


def lines_of(log: Path) -> Iterator[Place]:
    """Each line of a log with its place, as the source has to name it."""
    text = log.read_bytes()
    lines = text.splitlines(keepends=True)
    file = log.stat()
    fingerprint = hashlib.sha256(lines[0]).hexdigest()[:16]
    offset = 0
    for line in lines:
        yield f"lab:{file.st_dev}-{file.st_ino}-{fingerprint}", offset, line.rstrip(b"\n")
        offset += len(line)


class CopyingLane(GrowingLane):
    """The same, rotated as copytruncate does it: a log's lines end up in its copy."""

    rotation = "copy"

    def same(self, place: Place) -> Place:
        """A copy has the identity of its log, which no file of the folder tells any more."""
        return "", 0, place[2]


@pytest.fixture(params=[GrowingLane, CopyingLane], ids=lambda lane: lane.rotation)
def lane(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GrowingLane]:
    lane = request.param(tmp_path)
    yield lane
    lane.close()


ALONE = [KILLS * [strike] for strike in STRIKES["push"]]
IN_TURN = [STRIKES["push"]]


@pytest.mark.parametrize(
    "strikes",
    ALONE if KILLS > 1 else IN_TURN,
    ids=lambda strikes: "-".join({strike.__name__: None for strike in strikes}),
)
def test_a_log_that_is_rotated_while_parts_are_killed_loses_and_repeats_nothing(
    lane: GrowingLane, strikes: list[Callable[[Lane], None]]
) -> None:
    chance = random.Random(SEED)
    lane.feed()
    for done, strike in enumerate(strikes):
        lands_a_part(lane, chance, len(strikes) - done, LINES)
        strike(lane)
    lane.check()
