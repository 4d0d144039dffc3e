"""While an exercise is checked, the page compares with what the exercise asks for."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flumelab import settings
from flumelab.counts import Counts
from flumelab.learn import read
from flumelab.page import readings, verdict
from flumelab.page.expected import ExpectedAnswer
from flumelab.page.lesson_flow import plan
from flumelab.page.place import LocalPlaces, Place
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[4]
ALL = {exercise.name: exercise for exercise in read.all_of(ROOT)}


@pytest.fixture
def configured(tmp_path: Path) -> settings.Settings:
    return replace(settings.load(), state=tmp_path)


def place_of(name: str, configured: settings.Settings) -> Place:
    """The place as a check of an exercise leaves it for the page."""
    exercise = ALL[name]
    assert exercise.run
    lesson = exercise.run.lesson
    folder = configured.state / "local"
    folder.mkdir()
    (folder / "lesson").write_text(lesson.name)
    programs = [program.file for program in lesson.programs]
    shown = {**exercise.shown, "programs": programs, "conf": lesson.conf}
    (folder / "exercise.json").write_text(json.dumps(shown))
    return LocalPlaces(configured).find()


def feed(place: Place, scenario: str, lines: int) -> None:
    place.spool.mkdir()
    to = ["--spool", str(place.spool), "--ledger", str(place.ledger)]
    subprocess.run(
        [sys.executable, "-m", "loadgen", *to, "--scenario", scenario, "--lines", str(lines)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def test_only_the_keys_that_are_asked_for_are_right(configured: settings.Settings) -> None:
    place = place_of("map-and-reduce", configured)
    feed(place, "access-log", 500)
    assert place.lesson
    answer = ExpectedAnswer(place.lesson, place.ledger, place.root, place.keys)
    right = wait_for(lambda: answer.at(500, feeding=False), "the answer")
    lines = "".join(file.read_text() for file in place.spool.glob("*.log")).splitlines()
    pages = [url for line in lines if (url := line.split(" ")[6]).startswith("/blog/")]
    assert right.totals == {url: pages.count(url) for url in pages}
    assert 0 < right.total < 500

    seen = readings.Reader(place).read()
    assert not seen.has_urls
    found = replace(seen, counted=right)
    ledger = verdict.ledger_of_keys(found, place.lesson, right, False, None)
    assert (ledger.verdict, ledger.says[:5]) == ("balanced", "RIGHT")
    # The store has fewer requests than there were lines, and none of them waits.
    flow = plan(place.lesson, place.conf, (), all_keys=False)
    assert [link.compares for link in flow.links if link.target == "store"] == [False]


def test_the_answer_of_an_exercise_is_its_own(configured: settings.Settings) -> None:
    place = place_of("late-events", configured)
    exercise = ALL["late-events"]
    assert place.lesson
    assert exercise.check
    assert place.lesson.answer == exercise.check.answer
    assert place.lesson.name == "late-events"


def test_predictions_are_no_wrong_answer(configured: settings.Settings) -> None:
    place = place_of("windows", configured)
    feed(place, "hashtags", 100)
    assert place.lesson
    found = replace(readings.Reader(place).read(), counted=Counts({"a key of the program": 3}))
    ledger = verdict.ledger_of_keys(found, place.lesson, None, False, None)
    assert ledger.verdict == "none"
    assert re.match("PREDICTED: ", ledger.says)
