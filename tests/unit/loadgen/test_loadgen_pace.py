from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from loadgen.pace import Pace, Stop


def test_deadlines_count_from_the_start() -> None:
    now = iter([100.0, 100.0, 101.5, 104.0])
    pace = Pace(10, clock=lambda: next(now))
    assert pace.seconds_until_due(20) == 2.0
    assert pace.seconds_until_due(20) == 0.5
    assert pace.seconds_until_due(30) == 0.0  # late, and the next deadline is not put off by it


def test_a_rate_of_nought_makes_all_due_at_once() -> None:
    assert Pace(0).seconds_until_due(10**9) == 0.0


@pytest.fixture
def stop() -> Iterator[Stop]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = Stop()
    stop.listen()
    yield stop
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_before_the_wait_ends_it(stop: Stop) -> None:
    assert stop.signal is None
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    start = time.monotonic()
    stop.wait(60)
    stop.wait(60)
    assert time.monotonic() - start < 30
    assert stop.signal == "SIGTERM"


def test_a_wait_ends_by_itself(stop: Stop) -> None:
    stop.wait(0.001)
    assert stop.signal is None
