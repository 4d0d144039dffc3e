"""What the page draws of other labs: charts, windows, ways, and what is stuck.

The states are made by the test, so no lab runs; `test_page.py` has the numbers of a real one.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from flumelab.page.control import Control
from flumelab.page.state import Window
from tests.browser.test_page import fits, screenshot
from tests.support import shown_states
from tests.support.browser import open_browser
from tests.support.page_in_thread import Server
from tests.support.shown_states import Shown
from tests.support.waiting import wait_for

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def show(browser: Any) -> Iterator[Open]:
    """Open a page that shows a state; nothing may be written to its console."""
    servers: list[Server] = []
    complaints: list[str] = []

    def opened(shown: Shown, query: str = "", width: int = 1440) -> Any:
        server = Server(Control(), shown.state, shown.history)
        servers.append(server)
        server.put()
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.port}/{query}")
        wait_for(lambda: page.locator("#charts .plot canvas").count() > 1, "the charts")
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    for server in servers:
        server.stop()
    assert complaints == []


def titles(page: Any) -> list[str]:
    return page.locator("#charts h2").all_inner_texts()


def chart(page: Any, title: str) -> Any:
    return page.locator("#charts section", has=page.locator("h2", has_text=title))


def has_lines(drawn: Any) -> bool:
    """Whether a chart's canvas has more than the one or two colours of a chart without lines.

    The page asks for the history by itself, and then draws the charts again.
    """
    found: int = drawn.locator("canvas").evaluate(
        "canvas => { const copy = new OffscreenCanvas(canvas.width, canvas.height);"
        "const context = copy.getContext('2d'); context.drawImage(canvas, 0, 0);"
        "return new Set(new Uint32Array(context.getImageData("
        "0, 0, copy.width, copy.height).data.buffer)).size }"
    )
    return found > 3


def test_the_charts_of_dstreams_have_the_batch_interval_and_what_happened(show: Open) -> None:
    page = show(shown_states.dstreams())
    titles_wanted = [
        "Lines a second, by hop",
        "Lines on their way, by hop",
        "Micro-batches: how long they take",
        "Micro-batches: rows",
    ]
    wait_for(lambda: titles(page) == titles_wanted, "all charts")
    durations = chart(page, "how long they take")
    assert durations.locator(".legend button").all_inner_texts() == [
        *("processing", "waiting to start", "batch interval"),
    ]
    assert "longer than the batch interval, 1 s, makes the next one wait" in durations.inner_text()
    for title in titles_wanted:
        wait_for(lambda title=title: has_lines(chart(page, title)), title)
    assert "flume died" in page.locator("#marks").inner_text()
    screenshot(page, "drawn-dstreams")


def test_a_window_is_drawn_over_its_batches_as_it_slides(show: Open) -> None:
    page = show(shown_states.dstreams())
    drawn = page.locator("#windows-drawn")
    words = drawn.locator(".detail").inner_text()
    assert words.startswith("Window of 3 s, every 2 s, over batches of 1 s.")
    assert "2 batches have entered ▼ and as many have left ▲" in words
    signs = drawn.locator(".batch-how").all_text_contents()
    assert (signs.count("▼ enters"), signs.count("▲ leaves")) == (2, 2)
    assert drawn.locator("rect.inside, rect.enters").count() == 3
    assert drawn.locator(".bracket").count() == 3  # the window, and the two before it


def test_no_batch_leaves_a_window_that_is_longer_than_the_lab_has_run(show: Open) -> None:
    page = show(shown_states.dstreams(Window(2 * shown_states.SECONDS, 1)))
    drawn = page.locator("#windows-drawn")
    words = drawn.locator(".detail").inner_text()
    assert "one batch has entered ▼ and none has left ▲" in words
    assert drawn.locator(".batch-how").all_text_contents() == ["enters ▼"]


def test_the_charts_of_queries_have_rows_state_and_event_time(show: Open) -> None:
    page = show(shown_states.queries())
    titles_wanted = [
        "Queries: rows a trigger",
        "Queries: how long a trigger takes",
        "Queries: rows of state",
        "Queries: event time, from the watermark to the latest",
    ]
    wait_for(lambda: titles(page)[2:] == titles_wanted, "all charts")
    for title in titles_wanted:
        wait_for(lambda title=title: has_lines(chart(page, title)), title)
    assert chart(page, "rows a trigger").locator(".legend button").count() == 2
    late = chart(page, "event time")
    assert late.locator(".legend button").all_inner_texts() == ["hours"]
    assert "hours: watermark " in late.inner_text()
    assert (
        "hours dropped 7 rows that came after the watermark" in page.locator("#charts").inner_text()
    )
    screenshot(page, "drawn-queries")


def test_the_history_is_asked_for_again_once_the_queries_are_known(browser: Any) -> None:
    known = shown_states.queries()
    unknown = {**known.state, "flow": {**known.state["flow"], "ways": []}}
    server = Server(Control(), unknown, known.history)
    page = browser.new_page()
    try:
        with page.expect_request("**/api/v1/history"):
            page.goto(f"http://127.0.0.1:{server.port}/")
        server.put()
        wait_for(lambda: page.locator(".chain").count() == 2, "the trunk and the end")
        server.state = known.state
        with page.expect_request("**/api/v1/history"):
            server.put()
        wait_for(lambda: page.locator(".ways .chain").count() == 2, "both queries")
    finally:
        page.close()
        server.stop()


def test_a_hop_of_two_ways_that_is_stuck_is_red_and_says_why_and_the_other_way_is_not(
    show: Open,
) -> None:
    page = show(shown_states.fan_out())
    assert page.locator(".ways .chain").count() == 2
    why = "sink wrapping: its receiver does not answer; start it"
    assert why in page.locator("#problem").inner_text()
    stuck = page.locator('[data-hop="sink:wrapping"]')
    assert stuck.locator(".state").inner_text() == "▲ stuck"
    assert why in stuck.get_attribute("aria-label")
    assert page.locator('[data-hop="sink:sales"]').get_attribute("data-state") == "running"
    assert page.locator('[data-hop="channel:gifts"]').get_attribute("data-full") == "full"
    assert page.locator('[data-hop="channel:every"]').get_attribute("data-full") == "room"
    # What adds up quantities is no number of lines.
    assert page.locator('[data-hop="store"] .rate').inner_text() == "values 123/s"
    detail = page.locator("#verdict-detail")
    assert detail.inner_text() == "140,000 generated, 139,960 Flume sent"
    screenshot(page, "drawn-fan-out")


def test_a_ledger_of_one_hop_is_not_told_twice_and_of_a_users_log_no_truth_is_known(
    show: Open,
) -> None:
    shown = shown_states.queries()
    one = {**shown.state["ledger"], "hops": shown.state["ledger"]["hops"][:1], "truth": False}
    page = show(Shown({**shown.state, "ledger": one}, shown.history))
    assert page.locator("#verdict-detail").inner_text() == (
        "140,000 generated · the lab did not make this log, "
        "so it compares each hop with the one before"
    )


@pytest.mark.parametrize("made", [shown_states.fan_out, shown_states.dstreams])
def test_all_fits_on_a_phone_and_on_a_projector(show: Open, made: Callable[[], Shown]) -> None:
    for width, query in ((360, "?theme=dark"), (1920, "?big")):
        page = show(made(), query, width)
        wait_for(partial(fits, page, width), f"all fits into {width} pixels")
        clipped = page.evaluate(
            "[...document.querySelectorAll('.lines, .rate, .box-title, .lag, .waited, .trend')]"
            ".filter(each => each.scrollWidth > each.clientWidth + 1)"
            ".map(each => each.textContent)"
        )
        assert clipped == [], width
        if width == 1920:
            size = "parseFloat(getComputedStyle(document.querySelector('.hop .lines')).fontSize)"
            assert page.evaluate(size) >= 30  # of 1080: readable from the last row
        screenshot(page, f"drawn-{made.__name__}-{width}")
