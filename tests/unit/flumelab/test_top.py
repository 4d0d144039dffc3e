"""What `flumelab top` shows of a state, and what its keys do."""

from __future__ import annotations

import io
import os
import pty
import sys
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from flumelab.page.state import Fill, Hop, Lab, Link, Part
from flumelab.top.actions import Actions
from flumelab.top.interactive import Top
from flumelab.top.keyboard import Keyboard
from flumelab.top.rows import Rows, plain, sparkline
from flumelab.top.screen import screen
from tests.support.metrics_page import HOP, STATE

SINK = Hop("sink:spark", "sink", "spark", "avro", "flume", "stuck", "sink spark: why", 90, 4.5)
SPOOL = Hop("spool", "spool", "spool", "", "", "running", "", 123_456_789, 1234.5)
LINKS = [Link("spool", "sink:spark", 10, 61.5, "grows"), Link("x", "sink:spark", 3, 1.0, "shrinks")]


def state(**changed: Any) -> dict[str, Any]:
    given = replace(STATE, **{"hops": [SPOOL, HOP, SINK], "links": LINKS, **changed})
    return given.as_json()


def drawn(of: dict[str, Any], width: int = 80) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(screen(of, Rows().of(of)))
    return console.export_text()


def test_a_row_has_the_largest_lag_into_its_hop() -> None:
    spool, channel, sink = Rows().of(state())
    assert (spool.lag, channel.lag, sink.lag) == (None, None, 10)
    assert (sink.seconds, sink.trend, channel.fill) == (61.5, "grows", 50)
    assert [row.name for row in (spool, channel, sink)] == ["spool", "channel c", "sink spark"]


def test_a_channel_without_a_limit_of_its_own_is_not_said_to_be_empty_or_full() -> None:
    unlimited = replace(HOP, fill=Fill(1000, 2**31 - 1))
    [row] = Rows().of(state(hops=[unlimited], links=[]))
    assert row.fill is None


def test_a_plain_line_has_every_number_and_the_reason() -> None:
    *_, sink = Rows().of(state())
    assert plain(sink, "14:03:21") == (
        "14:03:21 sink spark: lines=90 rate=4/s lag=10 waited=61.5s stuck: sink spark: why"
    )
    unknown = Hop("sink:s", "sink", "s", "", "flume", "down", "", None, None)
    [row] = Rows().of(state(hops=[unknown], links=[]))
    assert plain(row, "14:03:21") == "14:03:21 sink s: lines=- rate=- lag=- waited=- down"


def test_the_screen_fits_80_columns_and_says_why_a_part_is_stuck() -> None:
    long = replace(SINK, name="a-sink-with-a-very-long-name", lines=999_999_999_999)
    text = drawn(state(hops=[SPOOL, HOP, SINK, replace(long, id="b")]))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("sink spark: why") == 1
    assert "channel c 50% full" in text
    assert "123,456,789" in text
    assert "10↑" in text
    assert "BALANCED" in text


def test_a_dead_part_without_a_row_is_told() -> None:
    assert "worker: it has ended" in drawn(state(parts=[Part("w", "dead", "worker: it has ended")]))


def test_data_that_is_old_is_said_to_be_old() -> None:
    assert "s old" in drawn(state())  # its time is 1970
    import time

    assert "s old" not in drawn(state(time=time.time()))


def test_the_bars_are_as_high_as_the_rates_and_nothing_is_a_dot() -> None:
    assert sparkline([None, 0, 1, 4, 8], 6) == "  ·▂▅█"
    assert sparkline([1, 2, 3, 4], 2) == "▇█"
    assert sparkline([], 3) == "   "


def test_rates_are_remembered_from_state_to_state() -> None:
    rows = Rows()
    for rate in (1.0, 2.0, 3.0):
        [row] = rows.of(state(hops=[replace(SPOOL, rate=rate)]))
    assert row.rates == [1.0, 2.0, 3.0]


class Recorded(Actions):
    """Actions that only remember what was asked of them."""

    def __init__(self) -> None:
        self.message, self.done = "", []

    def feed(self, state: Any) -> None:
        self.done.append("feed")

    def kill(self, state: Any, part: str) -> None:
        self.done.append(f"kill {part}")

    def up(self, state: Any) -> None:
        self.done.append("up")

    def open_page(self) -> None:
        self.done.append("page")


class Logs:
    name = "local"

    def log_tail(self, service: str, lines: int) -> str:
        return f"{service} says {lines}\n"


def top(**changed: Any) -> tuple[Top, Recorded]:
    actions = Recorded()
    return Top(Logs(), actions, state(**changed), lambda: 40), actions  # type: ignore[arg-type]


def shown(of: Top) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(of.drawn())
    return console.export_text()


def test_a_part_is_killed_only_after_a_yes() -> None:
    screen, actions = top()
    for key in ("down", "k"):
        screen.press(key)
    assert "kill flume, as a crash would? y or n" in shown(screen)
    screen.press("n")
    assert actions.done == []
    for key in ("k", "y"):
        screen.press(key)
    assert actions.done == ["kill flume"]


def test_a_folder_cannot_be_killed_nor_a_lab_of_another_command() -> None:
    screen, actions = top()
    for key in ("k", "y"):
        screen.press(key)
    assert actions.done == []
    foreign = Lab("local", "", "my.py", "running", "", standing=False)
    screen, actions = top(lab=foreign)
    for key in ("down", "k", "y"):
        screen.press(key)
    assert actions.done == []


def test_the_other_keys() -> None:
    screen, actions = top()
    for key in ("f", "u", "w", "up", "up", "x"):
        screen.press(key)
    assert actions.done == ["feed", "up", "page"]
    assert "this key does nothing" in shown(screen)
    for key in ("down", "down", "down", "l"):
        screen.press(key)
    assert "flume says 38" in shown(screen)
    screen.press("q")
    assert not screen.ended, "any key goes back from the log"
    screen.press("?")
    assert "choose a row" in shown(screen)
    screen.press(" ")
    screen.press("q")
    assert screen.ended


def test_an_action_on_a_lab_of_another_command_is_refused() -> None:
    actions = Actions("local", None)  # type: ignore[arg-type]
    actions.kill(state(lab=Lab("local", "", "my.py", "running", "", standing=False)), "flume")
    assert actions.message == "this lab belongs to a flumelab run; top only shows it"
    actions.feed(state(parts=[]))
    assert actions.message == "the lab is down; u starts it"


def test_keys_that_come_together_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = pty.openpty()
    with os.fdopen(theirs, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        with Keyboard() as keyboard:
            os.write(mine, b"f\x1b[A\x1bOBq\xc3\x1b")
            keys = [keyboard.read(5) for _ in range(6)]
            assert keyboard.read(0) == ""
    os.close(mine)
    assert keys == ["f", "up", "down", "q", "\ufffd", "escape"]
