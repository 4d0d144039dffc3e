"""The state that is shown, from readings of a lab, sample by sample."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flumelab.counts import Counts
from flumelab.lessons.catalogue import LESSONS
from flumelab.page.expected import ExpectedAnswer
from flumelab.page.flume_counters import FlumeReading
from flumelab.page.history import History
from flumelab.page.lab_state import LabState
from flumelab.page.marks import Marks
from flumelab.page.place import Place
from flumelab.page.readings import Readings
from flumelab.page.state import Part, State

ROOT = Path(__file__).parents[4]


def place(name: str, folder: Path) -> Place:
    lesson = LESSONS[name]
    return Place(
        runtime="local",
        lesson=lesson,
        program=lesson.program.file,
        conf=ROOT / "flume-conf" / lesson.conf,
        flume=("127.0.0.1", 1),
        spark=("127.0.0.1", 1),
        spool=folder,
        ledger=folder / "ledger.jsonl",
        metrics=folder,
        landing=folder,
        progress=folder,
        results_url="",
        parts=list,
    )


class Lab:
    """A lab of the lesson `structured` whose numbers a test sets; a sample is a second later."""

    def __init__(self, folder: Path) -> None:
        names = ("receiver", "structured", "flume")
        self.readings = Readings(
            place=place("structured", folder),
            parts=[Part(name, "running") for name in names],
            generated=Counts(),
            generated_lines=0,
            has_urls=True,
            spooled=0,
            pending=0,
            flume=FlumeReading(answers=True),
            landed=0,
            streams=None,
            spark_answers=True,
            before=0,
            progress={},
            counted=Counts(),
        )
        self.history = History()
        self._state = LabState(self.history, Marks())
        self._time = 1000.0

    def sample(self, seconds: int = 1, **changed: Any) -> State:
        self.readings = replace(self.readings, **changed)
        for _ in range(seconds):
            self._time += 1
            state = self._state.of(self.readings, 1, self._time, 0.0)
        return state

    def feed(self, lines: int, channel: int, counted: int) -> dict[str, Any]:
        """Return readings in which `channel` lines are in the channel and the rest is landed."""
        sent = lines - channel
        counters = {
            "SOURCE.spool": {"EventAcceptedCount": str(lines)},
            "CHANNEL.buffer": {
                "EventPutSuccessCount": str(lines),
                "ChannelSize": str(channel),
                "ChannelCapacity": "100000",
            },
            "SINK.spark": {"EventDrainSuccessCount": str(sent)},
        }
        return {
            "generated": Counts({"/": lines}),
            "generated_lines": lines,
            "spooled": lines,
            "flume": FlumeReading((counters,), counters, answers=True),
            "landed": sent,
            "counted": Counts({"/": counted}),
            "progress": {"queries": {"totals": query(counted)}},
        }


def query(events: int) -> dict[str, Any]:
    last = {"batchId": 1, "numInputRows": 1, "sources": [{"endOffset": {"events": events}}]}
    return {"rows": events, "last": last}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def lags(state: State) -> dict[str, int | None]:
    return {f"{link.source}>{link.target}": link.lines for link in state.links}


def verdict(state: State) -> str:
    assert state.ledger
    return state.ledger.verdict


def test_lines_that_wait_behind_a_cut_are_not_lost_however_long_nothing_moves(lab: Lab) -> None:
    lab.sample()
    state = lab.sample(60, **lab.feed(1000, channel=400, counted=600), cut=True)
    assert verdict(state) == "counting"
    assert lags(state)["channel:buffer>sink:spark"] == 400
    [link] = [link for link in state.links if link.cut]
    assert (link.source, link.target) == ("sink:spark", "log")
    state = lab.sample(3, **lab.feed(1000, channel=0, counted=1000), cut=False)
    assert verdict(state) == "balanced"
    assert [mark.kind for mark in state.marks][:3] == ["cut", "fed", "mended"]


def test_a_query_that_has_read_nothing_yet_lets_all_lines_wait(lab: Lab) -> None:
    lab.sample()
    feed = lab.feed(1000, channel=0, counted=0)
    state = lab.sample(30, **{**feed, "progress": {}})
    assert lags(state)["log>query"] == 1000
    assert verdict(state) == "counting"
    # Spark tells the query's name with its first micro-batch; it is the same hop as before.
    state = lab.sample(1, **lab.feed(1000, channel=0, counted=400))
    [hop] = [hop for hop in state.hops if hop.kind == "query"]
    assert (hop.name, hop.rate) == ("totals", 200.0)
    assert lags(state)["log>query"] == 600
    # It is the first of two, and the second has no history of its own.
    feed = lab.feed(1000, channel=0, counted=400)
    feed["progress"]["queries"]["top"] = query(0)
    state = lab.sample(1, **feed)
    assert (lags(state)["log>query:totals"], lags(state)["log>query:top"]) == (600, 1000)
    waited = {link.target: link.seconds for link in state.links if link.source == "log"}
    assert waited["query:top"] == 31
    kept = lab.history.as_json()
    assert kept["lags"]["log>query:totals"][-3:] == [1000, 600, 600]
    assert kept["rates"]["query:totals"][-1] is not None
    assert kept["rates"]["query:top"][:-1] == [None] * (len(kept["times"]) - 1)


def test_lines_that_waited_for_a_query_of_no_name_have_waited_for_each_of_two(lab: Lab) -> None:
    lab.sample()
    feed = lab.feed(1000, channel=0, counted=0)
    lab.sample(30, **{**feed, "progress": {}})
    feed = lab.feed(1000, channel=0, counted=400)
    feed["progress"]["queries"]["top"] = query(0)
    lab.sample(1, **feed)
    lags = lab.history.as_json()["lags"]
    assert lags["log>query:totals"][-2:] == [1000, 600]
    assert lags["log>query:top"][-2:] == [1000, 1000]


def test_a_line_is_lost_once_nothing_moves_and_nothing_waits(lab: Lab) -> None:
    lab.sample()
    feed = lab.feed(1000, channel=0, counted=999) | {
        "progress": {"queries": {"totals": query(1000)}}
    }
    assert verdict(lab.sample(2, **feed)) == "counting"
    state = lab.sample(10)
    assert verdict(state) == "unbalanced"
    assert not any(lags(state).values())


def test_what_a_killed_agent_has_not_counted_is_not_on_its_way(lab: Lab) -> None:
    lab.sample()
    feed = lab.feed(1000, channel=0, counted=1000)
    state = lab.sample(2, **{**feed, "spooled": 1200})
    assert lags(state)["spool>source:spool"] == 0
    state = lab.sample(2, spooled=1300, pending=100)
    assert lags(state)["spool>source:spool"] == 100


def test_lines_of_a_file_that_flume_has_not_read_wait_however_long_nothing_moves(lab: Lab) -> None:
    lab.sample()
    feed = lab.feed(600, channel=0, counted=600)
    more = {"generated": Counts({"/": 1000}), "generated_lines": 1000, "spooled": 1000}
    state = lab.sample(30, **{**feed, **more, "pending": 700})
    assert lags(state)["spool>source:spool"] == 400
    assert verdict(state) == "counting"


def test_what_a_channel_that_stores_nothing_holds_waits_only_there(lab: Lab) -> None:
    lab.sample()
    counters = {
        "SOURCE.spool": {"EventAcceptedCount": "0"},
        "CHANNEL.buffer": {
            "EventPutSuccessCount": "0",
            "ChannelSize": "1000",
            "ChannelCapacity": str(2**31 - 1),
        },
    }
    flume = FlumeReading((counters,), counters, answers=True)
    fed = {"generated": Counts({"/": 5000}), "generated_lines": 5000}
    state = lab.sample(30, **fed, spooled=5000, pending=5000, flume=flume)
    assert lags(state)["spool>source:spool"] == 4000
    assert lags(state)["channel:buffer>sink:spark"] == 1000
    assert verdict(state) == "counting"
    # The channel counts a batch once it is sent, so its own lines do not tell how long it waits.
    [taken] = [link for link in state.links if link.source == "channel:buffer"]
    assert taken.seconds == 29


def test_an_agent_that_starts_is_not_called_stuck_and_one_that_falls_silent_is(lab: Lab) -> None:
    silent = FlumeReading()
    state = lab.sample(flume=silent)
    assert {part.name: part.state for part in state.parts}["flume"] == "starting"
    assert state.lab.state == "starting"
    lab.sample(flume=FlumeReading(answers=True))
    assert lab.sample(4, flume=silent).lab.state == "running"  # some answers may fail
    state = lab.sample(2)
    assert {part.name: part.state for part in state.parts}["flume"] == "stuck"
    assert state.lab.state == "broken"
    state = lab.sample(cut=True)  # from here it cannot be asked
    assert state.lab.state == "running"


def test_a_program_whose_page_does_not_answer_yet_is_starting(lab: Lab) -> None:
    state = lab.sample(spark_answers=False)
    assert {part.name: part.state for part in state.parts}["structured"] == "starting"
    assert lab.sample(70).lab.state == "running"  # it has no page


def test_a_lesson_with_other_keys_than_urls_has_no_ledger_of_urls(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.readings = replace(lab.readings, place=place("late-events", tmp_path), has_urls=False)
    state = lab.sample()
    assert state.ledger
    assert [hop.name for hop in state.ledger.hops] == ["generated", "spooled", "Flume received"]
    state = lab.sample(flume=lab.feed(10, channel=3, counted=0)["flume"])
    assert state.ledger
    assert (state.ledger.hops[-1].name, state.ledger.hops[-1].lines) == ("Flume sent", 7)


def test_the_right_answer_is_asked_for_while_the_last_lines_are_on_their_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, bool]] = []
    monkeypatch.setattr(ExpectedAnswer, "at", lambda _, lines, fed: asked.append((lines, fed)))
    lab = Lab(tmp_path)
    lab.readings = replace(lab.readings, place=place("late-events", tmp_path), has_urls=False)
    lab.sample()
    lab.sample(generated_lines=10)
    assert asked[-1] == (10, True)
    state = lab.sample(3, landed=7)
    assert asked[-1] == (10, False)
    assert verdict(state) == "counting"
