"""The picture: what it shows of what was seen, and that one file is all that it needs."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from flumelab.experiments import drawing, picture, steps
from flumelab.experiments import experiment as files
from flumelab.experiments.drawing import Gap
from flumelab.experiments.evidence import Evidence, load
from flumelab.experiments.result import Result
from flumelab.experiments.steps import Step
from flumelab.experiments.theory import NONE, Bound, Theory
from flumelab.experiments.verdict import Measured, Verdict, bound
from tests.support.experiment_evidence import SEEN, entry, request

ROOT = Path(__file__).parents[4]
LOST_OK = files.find(ROOT, "file-channel-lost-ok")
ONCE = files.find(ROOT, "exactly-once-lost-ok")
MEMORY = files.find(ROOT, "memory-channel")


LANDED = [
    entry(102.5, "landed", first=0, events=10, lines=[[1, 10]]),
    entry(104.5, "landed", first=10, events=10, lines=[[11, 20]]),
]
COUNTED = [
    entry(110, "batch", name="7", lines=[[1, 20]], events=20, again=False),
    entry(111, "stored", name="7"),
]


def of(seen: list[dict[str, Any]], experiment: files.Experiment = LOST_OK) -> list[Step]:
    return steps.of(sorted(seen, key=lambda e: e["t"]), experiment, [])


def result(experiment: files.Experiment = LOST_OK) -> Result:
    theory = Theory(NONE, Bound(0, 10), ("Because.",))
    return Result(
        experiment, Verdict.true, "it is <so>", theory, Measured(30, 0, 10), None,
        {"generated": 20, "left the sink": 30}, (), ((11, 20),), 1.0, Path("/nowhere"),
    )  # fmt: skip


def test_a_batch_that_comes_again_has_the_name_and_the_colour_of_its_twin() -> None:
    styles = {step.label: step.style for step in of(SEEN) if step.start == "sink"}
    assert styles == {
        "1: 1\u201310": "data",
        "2: 11\u201320": "twin",
        "2 again: 11\u201320": "again",
    }


def test_a_lost_ok_is_red_and_ends_half_way() -> None:
    [lost] = [step for step in of(SEEN) if step.style == "lost"]
    assert (lost.start, lost.end, lost.label, lost.breaks) == ("receiver", "sink", "OK lost", True)
    assert lost.note == "The receiver has the batch. The sink does not know it."


def test_the_log_says_that_it_knows_a_batch_only_if_it_stored_nothing_of_it() -> None:
    known = "The log has the places of batch 2 already: it stores nothing twice."
    assert known in [step.note for step in of(SEEN + LANDED, ONCE)]
    stored = entry(108.5, "landed", first=20, events=10, lines=[[11, 20]])
    assert known not in [step.note for step in of([*SEEN, *LANDED, stored], ONCE)]
    assert known not in [step.note for step in of(SEEN)]  # Spark's own receiver has no log


def test_a_micro_batch_says_what_is_counted_a_second_time() -> None:
    again = [
        *COUNTED,
        entry(112, "batch", name="8", lines=[[11, 20]], events=10, again=False),
        entry(113, "batch", name="8", lines=[[11, 20]], events=10, again=True),
    ]
    notes = [step.note for step in of(again) if step.end == "micro-batch"]
    assert notes == [
        "",
        "10 of these lines are counted a second time.",
        "Spark runs this micro-batch again. The store knows its name: nothing changes.",
    ]


def test_a_killed_agent_takes_three_lanes_along_and_its_memory() -> None:
    kill = entry(1, "fault", do="kill flume", told="the agent is killed", at="sent = 9")
    up = entry(2, "up", text="flume")
    first, second = steps.of([kill, up], MEMORY, [[5, 9]])
    assert first.dies == second.lives == ("source", "channel", "sink")
    assert first.note == (
        "The agent is killed, at sent = 9. Only its channel had lines 5 to 9: they are gone."
    )


def test_each_step_has_a_row_in_the_order_of_time_and_a_title() -> None:
    found = of(SEEN + LANDED + COUNTED, ONCE)
    lanes = steps.lanes_of(ONCE)
    svg = ET.fromstring(drawing.svg(found, lanes, "a picture"))  # noqa: S314 - our own text
    ns = "{http://www.w3.org/2000/svg}"
    groups = list(svg.iter(f"{ns}g"))
    assert [group.find(f"{ns}title").text for group in groups] == [step.title for step in found]
    rows = [
        float(re.findall(r"[\d.]+", path.get("d", ""))[1])
        for path in svg.iter(f"{ns}path")
        if path.get("class") == "shaft"
    ]
    assert rows == sorted(rows) and len(set(rows)) == len(rows)
    names = [text.text for text in svg.iter(f"{ns}text") if text.get("class") == "name"]
    assert names == list(lanes)
    [window] = [rect for rect in svg.iter(f"{ns}rect") if rect.get("class") == "window"]
    assert float(window.get("height", "0")) > 2 * drawing.ROW


def test_the_window_of_a_kill_lasts_until_the_part_runs_again() -> None:
    kill = entry(1, "fault", do="kill flume", told="the agent is killed", at="sent = 9")
    seen = [kill, entry(2, "heal", text="x"), *SEEN[:2], entry(200, "up", text="flume")]
    svg = drawing.svg(of(seen, MEMORY), steps.lanes_of(MEMORY), "a picture")
    [height] = re.findall(r'class="window".*height="(\d+)"', svg)
    assert int(height) >= 5 * drawing.ROW


def test_a_fault_that_does_not_end_is_shaded_to_the_end() -> None:
    found = of(SEEN[:7])
    assert 'class="window"' in drawing.svg(found, steps.lanes_of(LOST_OK), "a picture")


def test_a_long_run_is_cut_off_away_from_the_faults_and_says_so() -> None:
    many = [step for at in range(2_000) for step in of([request(at, at, at + 1, at + 1)])]
    fault = of(SEEN)[5]
    long = [*many[:1_000], fault, *many[1_000:]]
    shown = drawing.shortened(long)
    assert fault in shown
    gaps = [step for step in shown if isinstance(step, Gap)]
    assert len(gaps) == 2
    assert len(shown) <= drawing.STEPS_MAX + len(gaps)
    assert sum(gap.steps for gap in gaps) + len(shown) - len(gaps) == len(long)
    assert drawing.shortened(long[: drawing.STEPS_MAX]) == long[: drawing.STEPS_MAX]
    assert f"{gaps[0].steps:,} steps without a fault are left out here" in drawing.svg(
        shown, steps.lanes_of(LOST_OK), "a picture"
    )


def test_the_page_is_one_file_that_loads_nothing_and_runs_nothing() -> None:
    page = picture.page(result(), SEEN)
    assert not re.search(
        r"<script|<link|<img|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", page
    )
    assert "it is &lt;so&gt;" in page
    assert "2 again: 11" in page
    assert "twice: lines 11 to 20" in page
    for word in ("your prediction", "theory", "measured", "left the sink"):
        assert word in page


def test_the_page_of_a_run_without_a_line_says_that_nothing_was_seen() -> None:
    empty = replace(result(), measured=None, hops={}, verdict=Verdict.unknown)
    assert "Nothing was seen" in picture.page(empty, [])


def test_a_prediction_stands_on_the_page() -> None:
    from flumelab.experiments.verdict import Prediction

    page = picture.page(replace(result(), prediction=Prediction(bound("7"), bound("0"))), SEEN)
    assert '<td class="number">7</td>' in page


def test_what_was_seen_is_kept_in_the_order_of_time(tmp_path: Path) -> None:
    evidence = Evidence()
    evidence.note("heal", 2.0, text="b")
    evidence.note("file", 1.0, lines=((1, 2),))
    evidence.save(tmp_path / "evidence.jsonl")
    assert load(tmp_path / "evidence.jsonl") == [
        {"t": 1.0, "kind": "file", "lines": [[1, 2]]},
        {"t": 2.0, "kind": "heal", "text": "b"},
    ]
