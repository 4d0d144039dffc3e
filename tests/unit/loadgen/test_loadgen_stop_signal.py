from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from loadgen.stop_signal import StopSignal


@pytest.fixture
def stop() -> Iterator[StopSignal]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = StopSignal()
    stop.listen()
    yield stop
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_before_the_wait_ends_it(stop: StopSignal) -> None:
    assert stop.received is None
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    start = time.monotonic()
    stop.wait(60)
    stop.wait(60)
    assert time.monotonic() - start < 30
    assert stop.received == "SIGTERM"


def test_a_wait_ends_after_its_time(stop: StopSignal) -> None:
    stop.wait(0.001)
    assert stop.received is None
