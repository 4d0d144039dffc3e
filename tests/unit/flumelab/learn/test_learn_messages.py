"""What a learner is told first: their own error, and what Flume says of a conf it cannot use."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from flumelab.learn import learner_error, messages, read
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


LUCKY = [
    (exercise, each)
    for exercise in EXERCISES.values()
    for each in exercise.wrong
    if any(cause.id == each.cause and cause.although_right for cause in exercise.causes)
]


@pytest.mark.parametrize(("exercise", "planted"), LUCKY, ids=lambda each: getattr(each, "name", ""))
def test_an_answer_that_is_right_by_luck_is_told_why(exercise, planted):
    right = Outcome({"/": 3}, {"/": 3}, source=planted.file.read_text())
    cause, says = messages.although_right(exercise, right)
    assert cause == planted.cause and says
    solved = replace(right, source=exercise.solution.read_text())
    assert messages.although_right(exercise, solved) is None


def test_a_memory_channel_is_no_answer_to_a_kill():
    for name in ("memory-or-file", "exactly-once"):
        conf = EXERCISES[name].solution.read_text()
        memory = re.sub(r"(channels\.buffer\.type =).*", r"\1 memory", conf)
        lucky = messages.although_right(EXERCISES[name], Outcome({}, {}, source=memory))
        assert lucky and lucky[0] == "by-luck"


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


def test_the_marks_below_a_line_of_a_traceback_are_no_error():
    output = """\
pyspark.errors.exceptions.captured.StreamingQueryException: [STREAM_FAILED] Query terminated
Traceback (most recent call last):
  File "/pyspark/utils.py", line 120, in call
    raise e
^^^^^^^^^^^^^^^
  File "/lab/hours_to_mysql.py", line 17, in store
    rows.select(nothing)
~~~~^^^
NameError: name 'nothing' is not defined
"""
    found = learner_error.find(output, Path("hours_to_mysql.py"))
    assert str(found) == "hours_to_mysql.py, line 17: NameError: name 'nothing' is not defined"


def test_only_an_error_of_the_agents_counts():
    bare = "10:00:00 ERROR Application: Exception follows. | java.lang.NullPointerException | \\tat"
    assert agent_error(bare) == "NullPointerException"
    assert agent_error(LOG.replace("Application", "SinkRunner")) == ""
    assert agent_error(LOG) == "ClassNotFoundException: MySink"
    assert agent_error(LOG.replace("ERROR", "WARN")) == ""
