"""Batches that are overtaken or fail: what Flume was answered OK for is counted all the same."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.at_once import at_once
from tests.support.batches import WRITE_AHEAD_LOG, BatchProgram
from tests.support.spark import accepts, free_port, wait_for

CONCURRENT = {"spark.streaming.concurrentJobs": "4"}
SLOW = [f"slow {number}" for number in range(100)]


@pytest.fixture(scope="module", autouse=True)
def jar(installed_jar: Path) -> None:
    """All need the receiver."""


def overtake(program: BatchProgram) -> None:
    """Send a slow batch, and others that are counted while it waits."""
    program.wait_until_listening()
    program.send(*SLOW)
    program.wait_for((program.folder / "begun").exists, "the slow batch runs")
    for number in range(6):
        program.send_and_count(f"fast {number}")
        time.sleep(1)  # Spark clears up after each


@at_once
def test_a_slow_batch_that_others_overtake_is_counted_after_a_kill(folder: Path) -> None:
    port = free_port()
    with BatchProgram(folder, port, conf=CONCURRENT | WRITE_AHEAD_LOG) as program:
        overtake(program)
    assert not program.counted()["slow 1"]
    with BatchProgram(folder, port, conf=CONCURRENT | WRITE_AHEAD_LOG) as program:
        program.let_go()
        program.wait_until_listening()
        program.send_and_count("after")
        program.wait_for(lambda: not Counter(SLOW) - program.counted(), "the slow batch is counted")


@at_once
def test_a_slow_batch_that_others_overtake_keeps_its_blocks(folder: Path) -> None:
    with BatchProgram(folder, free_port(), conf=CONCURRENT) as program:
        overtake(program)
        program.let_go()
        program.wait_for(lambda: not Counter(SLOW) - program.counted(), "the slow batch is counted")


@at_once
def test_a_batch_that_ends_the_program_is_counted_by_its_next_start(folder: Path) -> None:
    bad = [f"bad {number}" for number in range(100)]
    port = free_port()
    with BatchProgram(folder, port, conf=WRITE_AHEAD_LOG, linger=4) as program:
        program.wait_until_listening()
        program.send(*bad)
        assert program.process.wait(60) == 1
        wait_for(lambda: not accepts(port), "its JVM has ended, too")
    assert not program.counted()
    with BatchProgram(folder, port, conf=WRITE_AHEAD_LOG) as program:
        program.let_go()
        program.wait_until_listening()
        program.send_and_count("after")
        program.wait_for(lambda: not Counter(bad) - program.counted(), "the bad batch is counted")
