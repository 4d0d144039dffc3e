"""Find the mistake: one conf for each rule, and each file of one gets its verdict."""

from pathlib import Path

import pytest

from flumelab.learn import mistakes, read, verify
from flumelab.learn.exercise import Kind
from flumelint import all_rules
from tools.learn.mistakes import usable

ROOT = Path(__file__).parents[4]
ALL = [each for each in read.all_of(ROOT) if each.kind is Kind.FIND]


def test_each_rule_that_loses_data_or_leaves_a_part_idle_has_one():
    made = mistakes.rules(ROOT / mistakes.FOLDER)
    assert sorted(made) == sorted(rule.name for rule in usable()), "python -m tools.learn.mistakes"


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.rule)
def test_the_files_are_the_examples_of_the_rule_and_get_their_verdicts(exercise):
    rule = all_rules()[exercise.rule]
    assert exercise.starter.read_text() == rule.wrong, "python -m tools.learn.mistakes"
    assert exercise.solution.read_text() == rule.right, "python -m tools.learn.mistakes"
    for file, wanted, cause in verify.claims(exercise):
        verdict = mistakes.judge(exercise, file)
        assert (verdict.result, verdict.cause) == (wanted, cause), (file, verdict)


def test_the_first_hint_does_not_name_the_rule_and_the_last_one_the_command():
    for exercise in ALL:
        assert exercise.rule not in exercise.hints[0]
        assert exercise.hints[-1].startswith(f"flumelint {mistakes.FOLDER}/mistake-")


def test_the_name_of_a_file_does_not_tell_the_mistake():
    assert not [each for each in ALL if each.rule in str(each.file)]
