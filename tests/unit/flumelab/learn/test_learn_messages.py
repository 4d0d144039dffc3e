"""What a learner is told first: their own error, and what Flume says of a conf it cannot use."""

from dataclasses import replace
from pathlib import Path

import pytest

from flumelab.learn import messages, read
from flumelab.learn.causes import Outcome
from flumelab.learn.learner_error import agent_error

ROOT = Path(__file__).parents[4]
EXERCISES = {each.name: each for each in read.all_of(ROOT)}
LOG = (
    "19:11:54.742 INFO  Application: Configuration reload on start\n"
    "19:11:54.743 ERROR Application: A fatal error occurred while running. Exception follows. "
    "| java.lang.ClassNotFoundException: MySink | \tat java.base/java.lang.ClassLoader | \n"
)
NEWEST_SECOND = {f"minute #{tag}": 5 for tag in "abcd"}


def test_an_error_in_the_learners_file_comes_before_a_guess_from_the_numbers():
    exercise = EXERCISES["hashtags"]
    outcome = Outcome(NEWEST_SECOND, {}, error="hashtags.py, line 9: TypeError: '>' not supported")
    assert messages.of(exercise, replace(outcome, error=""))[0] != "error"
    cause, says = messages.of(exercise, outcome)
    assert cause == "error" and "hashtags.py, line 9: TypeError" in says


def test_a_program_that_goes_on_after_its_error_did_not_end():
    outcome = Outcome({"/": 3}, {"/": 2}, error="hashtags.py, line 9: TypeError: no")
    ended = messages.of(EXERCISES["hashtags"], replace(outcome, ended=True))[1]
    assert ended.startswith("Your program ended with an error:")
    goes_on = messages.of(EXERCISES["hashtags"], outcome)[1]
    assert goes_on.startswith("Your program goes on after an error:")


def test_a_cause_that_asks_for_the_output_knows_the_error():
    says = "IntegrityError: NOT NULL constraint failed: counts.key"
    outcome = Outcome({"/": 3}, {}, ended=True, error=says, output=says)
    assert messages.of(EXERCISES["malformed-line"], outcome)[0] == "no-key"


def test_an_error_that_an_exercise_knows_is_told_in_its_words():
    outcome = Outcome({"/": 3}, {}, ended=True, error="totals.py: TypeError: 'NoneType' object")
    assert messages.of(EXERCISES["running-totals"], outcome)[0] == "no-total-yet"


@pytest.mark.parametrize("name", ["first-conf", "push-and-pull", "fan-out"])
def test_a_conf_that_flume_cannot_use_is_told_in_flumes_words(name):
    silent = Outcome({"/": 3}, {}, hops={"generated": 3, "sent": 0}, log=LOG)
    cause, says = messages.of(EXERCISES[name], silent)
    assert cause == "conf-unusable"
    assert "ClassNotFoundException: MySink" in says
    cause, says = messages.of(EXERCISES[name], replace(silent, log=""))
    assert cause != "conf-unusable" and says


def test_a_conf_by_which_lines_came_is_usable():
    came = Outcome({"/": 3}, {"/": 1}, hops={"generated": 3, "sent": 0}, log=LOG)
    assert messages.of(EXERCISES["first-conf"], came)[0] != "conf-unusable"


def test_only_an_error_of_the_agents_counts():
    bare = "10:00:00 ERROR Application: Exception follows. | java.lang.NullPointerException | \\tat"
    assert agent_error(bare) == "NullPointerException"
    assert agent_error(LOG.replace("Application", "SinkRunner")) == ""
    assert agent_error(LOG) == "ClassNotFoundException: MySink"
    assert agent_error(LOG.replace("ERROR", "WARN")) == ""
