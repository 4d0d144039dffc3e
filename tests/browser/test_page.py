"""The live page in a real Chromium, over one real lab of the local runtime."""

import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import chromium, open_browser
from tests.support.lab import LocalLab
from tests.support.metrics_page import name_of, names_on_page
from tests.support.page import PageServer
from tests.support.ports import free_port
from tests.support.prometheus import Metrics, lint, scrape
from tests.support.waiting import wait_for

HOPS = ("generator", "spool", "source:spool", "channel:buffer", "sink:spark", "receiver")
RED_SECONDS_MAX = 3.0
CORE_SHARE_MAX = 0.03
MEASURED_SECONDS = 5
FED, MORE = 10_000, 110_000  # more than the channel's 100,000
ALL = FED + MORE
UP = "flumelab up --lesson url-counts --link --no-build"
WIDTHS = (360, 768, 1024, 1440, 1920)


class Lab(LocalLab):
    """A lab with a link that can be cut, its page's server, and a browser that shows it.

    `page` may act; `viewer` only shows.
    """

    cost: "Cost"
    started = False

    def __init__(self, folder: Path, browser: Any) -> None:
        super().__init__(folder / "state", LAB_LINK_PORT=str(free_port()))
        self.server = PageServer(self.environment, folder / "page.log")
        self.complaints: list[str] = []
        self._browser = browser
        self.page = self.open(self.server.address)

    @cached_property
    def viewer(self) -> Any:
        """A second page, which costs the browser time; so it is opened once it is needed."""
        return self.open(self.server.url, reduced_motion="reduce")

    def open(self, address: str, **options: Any) -> Any:
        """Open one more page, whose console is listened to."""
        size = {"width": 1440, "height": 1000}
        page = self._browser.new_context(viewport=size, **options).new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)
        return page

    def _listen(self, message: Any) -> None:
        # While the server is away, Chromium itself logs that it cannot connect.
        if message.type in ("error", "warning") and "net::ERR_" not in message.text:
            self.complaints.append(message.text)


class Cost:
    """What the page's server has used since a moment, while two pages listened to it."""

    def __init__(self, server: PageServer) -> None:
        self.first = server.state()["sample"]
        self._process = server.process
        self._before, self._began = self._used(), time.monotonic()

    @property
    def seconds(self) -> float:
        """The time since then."""
        return time.monotonic() - self._began

    def share(self) -> float:
        """The share of a core since then."""
        return (self._used() - self._before) / self.seconds

    def _used(self) -> float:
        return sum(self._process.cpu_times()[:2])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    chromium()
    with open_browser() as browser:
        lab = Lab(tmp_path_factory.mktemp("page"), browser)
        try:
            yield lab
        finally:
            lab.server.stop()
            lab.end()


@pytest.fixture(autouse=True)
def _with_a_lab(lab: Lab, request: pytest.FixtureRequest) -> None:
    """Without a lab each test would wait for its deadlines."""
    if not lab.started and request.function is not test_a_lab_that_the_page_starts_is_shown:
        pytest.fail("the lab has not started; see the first test")


def lines(page: Any, hop: str) -> int:
    """Return the number on a hop's card."""
    text = page.locator(f'[data-hop="{hop}"] .lines').inner_text()
    return int(text.replace(",", "")) if text[0].isdigit() else -1


def says(page: Any) -> str:
    return page.locator("#verdict-says").inner_text()


def click(page: Any, action: str, part: str, command: str) -> None:
    """Click a button of an action, which shows its command before and after."""
    button = page.locator(f'[data-action="{action}"][data-part="{part}"]')
    assert button.locator("xpath=following-sibling::code").inner_text() == command
    button.click()
    assert page.locator("#command").inner_text() == command
    wait_for(lambda: not acted(page).startswith("…"), f"an answer to {command}", 60)
    assert not acted(page).startswith("✕"), acted(page)


def acted(page: Any) -> str:
    return page.locator("#acted").inner_text()


def feed(page: Any, lines: int) -> None:
    page.fill("input[name=lines]", str(lines))
    command = f"flumelab feed --lines {lines} --rate 0 --seed 1"
    assert page.locator("#command").inner_text() == command
    page.click("text=Feed")
    wait_for(lambda: not acted(page).startswith("…"), f"an answer to {command}", 30)
    assert not acted(page).startswith("✕"), acted(page)


def test_a_lab_that_the_page_starts_is_shown(lab: Lab) -> None:
    wait_for(lambda: "The lab is down" in lab.page.locator("#problem").inner_text(), "down", 10)
    click(lab.page, "start", "", UP)
    wait_for(lambda: "running" in lab.page.locator("#lab-state").inner_text(), "running", 60)
    lab.started = True
    assert lab.page.locator("#problem").is_hidden()
    wait_for(lambda: says(lab.page).startswith("EMPTY"), "nothing is fed yet", 10)
    assert "died" not in lab.page.locator("#marks").inner_text()
    assert "stuck" not in lab.page.locator("#marks").inner_text()


def test_after_a_feed_the_numbers_on_the_page_are_the_ledgers(lab: Lab) -> None:
    feed(lab.page, FED)
    wait_for(lambda: says(lab.page).startswith("BALANCED"), "balanced on the page", 60)
    with ThreadPoolExecutor() as at_once:
        asked = [at_once.submit(lab.balanced), at_once.submit(lab.urls)]
        ledger, urls = (each.result() for each in asked)
    assert ledger["generated"] == FED
    assert {lines(lab.page, hop) for hop in (*HOPS, "batches", "store")} == {FED}
    rows = lab.page.locator("#ledger-rows tr").all_inner_texts()
    shown = {cells[0]: cells[-2:] for cells in (row.split("\t") for row in rows)}
    assert shown == {
        name: [f"{ledger[key]:,}", "0"]
        for name, key in (
            ("generated", "generated"),
            ("spooled", "spooled"),
            ("Flume received", "flume_received"),
            ("Flume sent", "flume_sent"),
            ("counted", "counted"),
        )
    }
    counts = [row.split("\t") for row in lab.page.locator("#counts-rows tr").all_inner_texts()]
    assert len(counts) == 20
    for url, counted, generated, sign in counts:
        assert (counted, generated, sign) == (f"{urls[url]:,}", f"{urls[url]:,}", "=")


def test_the_same_numbers_are_metrics_that_promtool_accepts(lab: Lab) -> None:
    found = Metrics(scrape(lab.server.port).text)
    for hop, kind in (("store", "store"), ("receiver", "receiver"), ("sink:spark", "sink")):
        assert found.value("flumelab_hop_lines_total", hop=hop, kind=kind, unit="lines") == FED
    assert found.value("flumelab_ledger_verdict", verdict="balanced") == 1
    assert lint(found.text) == []
    assert {name_of(family) for family in found.families} == names_on_page("flumelab_")


def test_the_window_of_the_program_is_drawn_over_its_batches(lab: Lab) -> None:
    words = lab.page.locator("#windows-drawn .detail").inner_text()
    assert words.startswith("Window of 5 min, every 1 s, over batches of 1 s.")
    wait_for(
        lambda: "holds 10,000 rows" in lab.page.locator("#windows-drawn .detail").inner_text(),
        "all lines are in the window",
        10,
    )


def test_a_lag_grows_while_the_connection_is_cut_and_then_shrinks(lab: Lab) -> None:
    happened = lab.page.locator("#marks")
    # Lines that come within 3 s of a feed are taken as a part of it.
    wait_for(lambda: "balanced after" in happened.inner_text(), "the first feed has ended", 10)
    click(lab.page, "cut", "", "flumelab cut")
    arrow = lab.page.locator(".arrow", has_text="push")
    wait_for(lambda: "cut" in arrow.inner_text(), "the cut is shown", 10)
    feed(lab.page, MORE)
    waiting = lab.page.locator(".arrow", has_text="take")
    wait_for(lambda: waiting.get_attribute("data-trend") == "grows", "the lag grows", 20)
    assert re.search(r"[\d,.K]+ wait", waiting.inner_text())
    assert "%" in lab.page.locator('[data-hop="channel:buffer"] .fill-words').inner_text()
    full = lab.page.locator('[data-hop="channel:buffer"]')
    wait_for(lambda: full.get_attribute("data-full") == "full", "the channel is full", 20)
    assert says(lab.page).startswith("COUNTING")
    assert lab.page.locator('[data-same="false"]').count() == 0  # none is lost yet
    assert lab.page.locator('[data-missing="true"]').count() == 0
    pictures_of_the_readme(lab.page)
    click(lab.page, "mend", "", "flumelab mend")
    wait_for(lambda: waiting.get_attribute("data-trend") == "shrinks", "the lag shrinks", 20)
    wait_for(lambda: says(lab.page).startswith("BALANCED"), "balanced again", 60)
    wait_for(lambda: "balanced after" in happened.inner_text().split("fed")[0], "marked", 10)
    # On a slow machine the agent is stuck, too, before the connection is mended.
    ago = happened.inner_text()
    assert ago.index("connection mended") < ago.index("fed 110,000") < ago.index("connection cut")


def test_a_killed_agent_turns_red_within_three_seconds_and_says_why(lab: Lab) -> None:
    box = lab.page.locator('.box[data-part="flume"]')
    began = time.monotonic()
    click(lab.page, "kill", "flume", "flumelab kill flume")
    took = time.monotonic() - began
    wait_for(lambda: box.get_attribute("data-state") == "dead", "the agent is shown as dead", 10)
    assert time.monotonic() - began - took < RED_SECONDS_MAX
    assert "flume" in lab.page.locator("#problem").inner_text()
    assert "flumelab start flume" in lab.page.locator("#problem").inner_text()
    red = box.evaluate("box => getComputedStyle(box).borderTopColor")
    assert red == "rgb(179, 38, 30)"
    screenshot(lab.page, "dead")
    click(lab.page, "start", "flume", "flumelab start flume")
    wait_for(lambda: box.get_attribute("data-state") == "running", "the agent is back", 60)
    wait_for(lambda: says(lab.page).startswith("BALANCED"), "balanced after the kill", 60)
    happened = lab.page.locator("#marks").inner_text()
    assert "flume died" in happened
    assert "flume runs" in happened.split("flume died")[0]


def test_a_page_connects_again_after_its_server_was_restarted(lab: Lab) -> None:
    age = lab.page.locator("#age")
    lab.server.stop()
    wait_for(lambda: "old; trying again" in age.inner_text(), "old data is said to be old", 10)
    lab.server.start()
    wait_for(lambda: "live" in age.inner_text(), "connected again", 10)
    lab.page.goto(lab.server.address)  # a new server has a new token
    wait_for(lambda: lines(lab.page, "store") == ALL, "the numbers are back", 10)


def test_two_pages_show_the_same_and_only_one_may_act(lab: Lab) -> None:
    wait_for(lambda: lines(lab.viewer, "store") == lines(lab.page, "store") == ALL, "both show it")
    lab.cost = Cost(lab.server)  # until the tests below have looked at the page
    assert lab.viewer.locator("#feed button").is_disabled()
    assert lab.viewer.locator("[data-action]:enabled").count() == 0
    assert lab.page.locator("[data-action]:enabled").count() > 0


def test_every_width_from_a_phone_to_a_projector_shows_all_without_a_scroll_bar(lab: Lab) -> None:
    page = lab.viewer
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wait_for(partial(fits, page, width), f"all fits into {width} pixels", 5)
        for hop in HOPS:
            box = page.locator(f'[data-hop="{hop}"] .lines').bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
        clipped = page.evaluate(
            "[...document.querySelectorAll('.hop .lines, .hop .rate, .arrow .lag')]"
            ".filter(each => each.scrollWidth > each.clientWidth + 1)"
            ".map(each => each.textContent)"
        )
        assert clipped == [], width
        screenshot(page, f"width-{width}")
    page.set_viewport_size({"width": 1440, "height": 1000})


def fits(page: Any, width: int) -> bool:
    return page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keys_work_and_axe_finds_no_serious_fault_in_either_theme(lab: Lab) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = lab.viewer
    for theme in ("dark", "light"):
        page.keyboard.press("t")
        assert page.locator("html").get_attribute("data-theme") == theme
        found = axe.Axe().run(page).response["violations"]
        serious = [
            (fault["id"], [node["target"] for node in fault["nodes"]])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
        assert serious == [], theme
        screenshot(page, theme)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_motion_is_reduced_where_the_reader_asks_for_it(lab: Lab) -> None:
    assert lab.viewer.evaluate("document.getAnimations().length") == 0


def test_the_pages_server_costs_less_than_three_percent_of_a_core(lab: Lab) -> None:
    cost = lab.cost
    wait_for(lambda: cost.seconds > MEASURED_SECONDS, "it was measured for long enough", 10)
    share = cost.share()
    print(f"the page's server used {share:.1%} of a core in {cost.seconds:.1f} s")
    assert share < CORE_SHARE_MAX
    assert lab.server.state()["sample"] - cost.first >= cost.seconds - 2


def test_big_type_is_readable_from_the_last_row(lab: Lab) -> None:
    page = lab.viewer
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.keyboard.press("b")
    assert page.locator("#big").get_attribute("aria-pressed") == "true"
    page.goto(f"{lab.server.url}/?big")
    wait_for(lambda: lines(page, "store") == ALL, "the page is drawn")
    sizes = page.evaluate(
        "['#verdict-says', '.hop .lines', '.hop .rate', '.box-title'].map(which => "
        "parseFloat(getComputedStyle(document.querySelector(which)).fontSize))"
    )
    # A sixtieth of the picture's height for what matters: at 3 m of height that is 5 cm.
    assert sizes[0] >= 36
    assert sizes[1] >= 30
    assert min(sizes) >= 18
    screenshot(page, "big")


def test_the_page_asks_no_other_server_and_its_console_is_empty(lab: Lab) -> None:
    asked = lab.page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
    assert asked
    assert [url for url in asked if not url.startswith(lab.server.url)] == []
    assert lab.complaints == []


def pictures_of_the_readme(page: Any) -> None:
    """Keep the page in both themes, down to its charts and windows."""
    if not os.environ.get("LAB_SCREENSHOTS"):
        return
    for theme in ("dark", "light"):
        page.keyboard.press("t")
        wait_for(lambda: page.locator(".plot canvas").count() > 3, "the charts are drawn", 5)
        bottom = page.locator("#windows").bounding_box()
        height = bottom["y"] + bottom["height"] + 12
        clip = {"x": 0, "y": 0, "width": 1440, "height": height}
        path = f"{os.environ['LAB_SCREENSHOTS']}/page-{theme}.png"
        page.screenshot(path=path, full_page=True, clip=clip)
    page.keyboard.press("t")


def screenshot(page: Any, name: str) -> None:
    """Keep a picture in `LAB_SCREENSHOTS`, if it names a folder."""
    if folder := os.environ.get("LAB_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
