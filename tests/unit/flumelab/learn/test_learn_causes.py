"""The rules that recognise causes."""

import pytest

from flumelab.learn import causes
from flumelab.learn.causes import Outcome
from flumelab.learn.exercise import Cause

RIGHT = {"/": 40, "/a": 10}


def recognised(outcome, **rule):
    found = causes.of(outcome, [Cause("it", (rule,), "")])
    return None if found is None else found[1]


def test_ten_times_each_count_is_a_factor_of_ten():
    found = {"/": 400, "/a": 100}
    assert recognised(Outcome(RIGHT, found), rule="factor") == {"factor": 10}
    assert recognised(Outcome(RIGHT, found), rule="factor", by=3) is None


def test_the_right_counts_are_no_factor():
    assert recognised(Outcome(RIGHT, RIGHT), rule="factor") is None


def test_counts_of_several_multiples_are_no_factor_but_more():
    outcome = Outcome(RIGHT, {"/": 80, "/a": 10})
    assert recognised(outcome, rule="factor") is None
    assert recognised(outcome, rule="more") == {}
    assert recognised(outcome, rule="less") is None


def test_a_small_difference_is_below_the_least_part():
    outcome = Outcome(RIGHT, {"/": 39, "/a": 10})
    assert recognised(outcome, rule="less") == {}
    assert recognised(outcome, rule="less", **{"at-least": 0.1}) is None


def test_foreign_keys_are_named_and_must_all_fit():
    outcome = Outcome(RIGHT, RIGHT | {'"GET': 3})
    assert recognised(outcome, rule="foreign", keys='^"') == {"key": '"GET', "keys": 1}
    assert recognised(outcome, rule="foreign", keys="^/") is None
    both = Outcome(RIGHT, {"/": 1, "/a": 10, '"GET': 3})
    assert recognised(both, rule="foreign", **{"others-right": True}) is None


def test_missing_and_differing_keys():
    outcome = Outcome(RIGHT, {"/": 41})
    assert recognised(outcome, rule="missing") == {"key": "/a", "keys": 1}
    assert recognised(outcome, rule="differs", keys="^/$") == {"key": "/", "keys": 1}


def test_ones_that_nobody_added_up():
    assert recognised(Outcome(RIGHT, {"/": 2, "/a": 2}), rule="values", **{"at-most": 2}) == {}
    assert recognised(Outcome(RIGHT, {"/": 40, "/a": 2}), rule="values", **{"at-most": 2}) is None


def test_the_answer_to_another_question():
    other = {"tea": 3}
    asked = []

    def truth(options):
        asked.append(options)
        return other

    outcome = Outcome({"tea": 7}, {"tea": 3}, other=truth)
    assert recognised(outcome, rule="answer", value="quantity") == {}
    assert asked == [{"part": "totals", "value": "quantity", "options": []}]


def test_a_program_that_ended_with_an_error_did_not_just_end():
    assert recognised(Outcome(RIGHT, {}, ended=True), rule="ended") == {}
    failed = Outcome(RIGHT, {}, ended=True, error="a.py, line 3: KeyError: 'x'")
    assert recognised(failed, rule="ended") is None
    assert recognised(failed, rule="error", like="KeyError: (?P<name>.*)")["name"] == "'x'"


def test_a_text_may_have_to_be_absent():
    outcome = Outcome(RIGHT, {}, source="a = 1\nb = 2")
    assert recognised(outcome, rule="text", like="^b = (?P<number>.)") == {"number": "2"}
    assert recognised(outcome, rule="text", like="c", absent=True) == {}
    assert recognised(outcome, rule="text", like="a", absent=True) is None


def test_hops_are_compared():
    outcome = Outcome(RIGHT, {}, hops={"generated": 50, "received": 70, "sent": 20})
    assert recognised(outcome, rule="hop", name="received", of="generated", more=1) == {"gap": 20}
    assert recognised(outcome, rule="hop", name="sent", of="received", less=51) is None


def test_all_rules_of_a_cause_must_apply_and_the_first_cause_wins():
    outcome = Outcome(RIGHT, {}, source="logger")
    both = Cause("both", ({"rule": "nothing"}, {"rule": "text", "like": "avro"}), "")
    one = Cause("one", ({"rule": "nothing"},), "")
    found = causes.of(outcome, [both, one, Cause("late", ({"rule": "nothing"},), "")])
    assert found is not None and found[0].id == "one"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"rule": "facter"}, "there is no rule facter"),
        ({"rule": "factor", "times": 2}, "the rule factor has no times; it has by"),
        ({}, "there is no rule"),
    ],
)
def test_a_rule_that_does_not_exist_is_refused(rule, says):
    with pytest.raises(ValueError, match=says):
        causes.require_known(rule)
