"""Waits until a lab has counted what it was fed, silently or while it shows the counts."""

import time
from dataclasses import replace

from rich.live import Live

from flumelab import terminal_output
from flumelab.ledger import Balance, HopCounts, balance
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import Runtime, require_programs_running

SHOWN_SECONDS_MAX = 180
POLL_SECONDS = 0.5
SETTLE_SECONDS_MAX = 3.0


def wait_until_settled(runtime: Runtime, seconds: float) -> Balance:
    """Return the balance as soon as it is settled, or after `seconds`.

    Flume's counters may arrive just after the counts. Those of an agent that was killed never catch
    up, so once the result is balanced, the wait for them lasts only `SETTLE_SECONDS_MAX`.
    """
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        hops = runtime.hop_counts()
        result = balance(hops)
        if result.balanced:
            deadline = min(deadline, time.monotonic() + SETTLE_SECONDS_MAX)
        if result.settled or time.monotonic() >= deadline:
            return result
        _pause(asked)
        if result.lost:
            _wait_until_counted(runtime, hops, deadline)


def _wait_until_counted(runtime: Runtime, hops: HopCounts, deadline: float) -> None:
    """Wait for the counts alone: to ask the other hops, too, costs more than twice as much."""
    while time.monotonic() < deadline:
        asked = time.monotonic()
        if not balance(replace(hops, counted=runtime.counts())).lost:
            return
        _pause(asked)


def show_until_balanced(runtime: Runtime, lesson: Lesson) -> None:
    """Show the counts until all lines are counted, or until `SHOWN_SECONDS_MAX` have passed."""
    console = terminal_output.console()
    deadline = time.monotonic() + SHOWN_SECONDS_MAX
    asked = time.monotonic()
    hops = runtime.hop_counts()
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            live.update(terminal_output.urls(hops), refresh=console.is_terminal)
            if balance(hops).balanced or time.monotonic() > deadline:
                return
            require_programs_running(runtime, lesson)
            _pause(asked)
            asked = time.monotonic()
            hops = replace(hops, counted=runtime.counts())
            if balance(hops).duplicated:  # it may only look so, if someone else feeds the lab
                hops = runtime.hop_counts()


def _pause(asked: float) -> None:
    """Wait at least as long as the answer took, because asking takes CPU from the programs."""
    time.sleep(max(POLL_SECONDS, time.monotonic() - asked))
