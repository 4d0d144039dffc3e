"""The theory by conf, the measurement by line, and the verdict."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flumelab.commands.experiment import exit_code
from flumelab.errors import LabError
from flumelab.experiments import experiment as files
from flumelab.experiments import page_table
from flumelab.experiments.experiment import Count, Experiment, Fault
from flumelab.experiments.theory import NONE, Bound, Theory
from flumelab.experiments.truth import Truth, key_of, ranges, told
from flumelab.experiments.verdict import Measured, Prediction, Verdict, bound, judge

ROOT = Path(__file__).parents[4]
KILL = Fault(Count("sent", 10), "kill", "flume")
LOSE = Fault(Count("answered", 10), "lose-ok")
LATE = Fault(Count("sent", 10), "slow", seconds=70, times=2)


def theory(conf: str, *faults: Fault, landing: bool = False, **changes: str) -> Theory:
    base = files.find(ROOT, "memory-channel")
    program = "line_counts_structured" if landing else "line_counts"
    made: Experiment = replace(base, conf=conf, faults=faults, program=program, changes=changes)
    return page_table.theory_of(made, ROOT)


def test_a_memory_channel_loses_at_most_its_fill_and_only_if_its_agent_is_killed() -> None:
    assert theory("access-log.conf", KILL).lost == Bound(0, 10_000)  # all lines: it holds 100,000
    few = theory("access-log.conf", KILL, **{"lab.channels.buffer.capacity": "300"})
    assert (few.lost, few.forgets) == (Bound(0, 300), True)
    assert "300 lines" in few.reasons[0]
    for harmless in (LOSE, replace(KILL, verb="stop"), replace(KILL, target="driver")):
        assert theory("access-log.conf", harmless).lost == NONE


def test_a_file_channel_loses_none_and_repeats_a_batch_at_each_hand_over() -> None:
    found = theory("file-channel.conf", KILL)
    assert (found.lost, found.twice, found.forgets) == (NONE, Bound(0, 2_000), False)
    assert theory("file-channel.conf", LOSE).twice == Bound(1, 1_000)
    assert theory("file-channel.conf", LOSE, LOSE).twice == Bound(1, 2_000)
    small = theory("file-channel.conf", LOSE, **{"lab.sinks.spark.batch-size": "50"})
    assert small.twice == Bound(1, 50)


def test_a_kill_while_an_ok_is_on_its_way_repeats_some_lines_for_sure() -> None:
    late = replace(KILL, at=Count("answered", 10))
    for conf in ("file-channel.conf", "exactly-once.conf"):
        assert theory(conf, late).twice.least == 1
        assert theory(conf, KILL).twice.least == 0
        assert theory(conf, replace(late, target="driver")).twice.least == 1
    assert theory("access-log.conf", late).twice.least == 0  # its memory is gone


def test_a_hand_off_loses_none_and_repeats_the_batch_that_it_holds() -> None:
    found = theory("exactly-once.conf", KILL)
    assert (found.lost, found.twice, found.forgets) == (NONE, Bound(0, 1_000), False)


def test_a_channel_that_the_theory_does_not_know_is_an_error() -> None:
    with pytest.raises(LabError, match="no channel of type jdbc; use memory, file or handoff"):
        theory("file-channel.conf", KILL, **{"lab.channels.buffer.type": "jdbc"})


def test_lines_with_their_places_in_a_landing_log_come_once_and_elsewhere_not() -> None:
    for fault in (KILL, LOSE, LATE):
        assert theory("exactly-once.conf", fault, landing=True).twice == NONE
        assert theory("access-log.conf", fault, landing=True).twice.most > 0  # without places
        assert theory("exactly-once.conf", fault).twice.most > 0  # in Spark


def test_a_slow_answer_repeats_a_batch_only_after_the_sinks_time_out() -> None:
    assert theory("exactly-once.conf", LATE).twice == Bound(1, 2_000)
    assert theory("exactly-once.conf", replace(LATE, seconds=59)).twice == NONE
    endless = theory("exactly-once.conf", replace(LATE, times=0))
    assert endless.twice == Bound(1, 10_000)


def test_a_source_that_starts_at_the_end_of_a_file_makes_one_empty_event() -> None:
    change = Fault(Count("received", 10), "change-file")
    plain, with_places = theory("file-channel.conf", change), theory("exactly-once.conf", change)
    assert (plain.foreign, with_places.foreign) == (1, 0)
    assert judge(plain, Measured(101, 0, 0, foreign=1))[0] is Verdict.true
    assert judge(with_places, Measured(101, 0, 0, foreign=1))[0] is Verdict.false


@pytest.mark.parametrize(
    ("measured", "verdict", "why"),
    [
        (Measured(10_000, 0, 0), Verdict.true, "within the theory"),
        (Measured(10_500, 0, 500), Verdict.true, "within the theory"),
        (Measured(9_999, 1, 0), Verdict.false, "1 lost, theory: none"),
        (Measured(10_501, 0, 501), Verdict.false, "501 twice, theory: at most 500"),
        (Measured(10_000, 0, 0, foreign=1), Verdict.false, "1 counted lines are not the gen"),
        (Measured(0, 10_000, 0), Verdict.unknown, "nothing was counted"),
        (None, Verdict.unknown, "nothing was counted"),
    ],
)
def test_the_verdict_compares_and_nothing_read_is_never_a_pass(
    measured: Measured | None, verdict: Verdict, why: str
) -> None:
    found, said = judge(Theory(NONE, Bound(0, 500), ()), measured)
    assert found is verdict
    assert why in said


def test_a_doubt_makes_it_unknown_whatever_was_measured() -> None:
    right = Measured(10_000, 0, 0)
    found = judge(Theory(NONE, NONE, ()), right, "the fault never came")
    assert found == (Verdict.unknown, "the fault never came")


def test_the_exit_codes() -> None:
    class Of:
        def __init__(self, verdict: Verdict) -> None:
            self.verdict = verdict

    true, false, unknown = (Of(verdict) for verdict in Verdict)
    assert exit_code([true, true]) == 0  # type: ignore[list-item]
    assert exit_code([true, unknown]) == 2  # type: ignore[list-item]
    assert exit_code([unknown, false, true]) == 1  # type: ignore[list-item]
    assert exit_code([]) == 2
    assert [verdict.exit_code for verdict in Verdict] == [0, 1, 2]


def test_a_prediction_is_a_number_or_a_range() -> None:
    assert bound("1,000") == Bound(1_000, 1_000)
    assert bound(" 0 - 2000 ") == Bound(0, 2_000)
    assert Prediction(bound("0"), bound("0-1000")).is_right(Measured(1, 0, 1_000))
    assert not Prediction(bound("0"), bound("0-1000")).is_right(Measured(1, 0, 1_001))
    for wrong in ("many", "-1", "2000-1000", ""):
        with pytest.raises(LabError, match="write"):
            bound(wrong)


LINES = [b"a", b"b", b"c", b"b", b"d"]  # the second line and the fourth are equal


def test_lines_are_found_by_number_and_equal_ones_by_their_neighbours() -> None:
    truth = Truth(LINES)
    keys = [key_of(line) for line in LINES]
    assert truth.numbers(keys) == [1, 2, 3, 4, 5]
    assert truth.numbers(keys[2:]) == [3, 4, 5]
    assert truth.numbers([key_of(b"x")]) == [0]
    assert truth.members({keys[2]: 1, keys[1]: 2}) == [2, 3, 4]
    assert truth.members({keys[4]: 1, keys[1]: 1}) == [4, 5]


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_lost_and_twice_add_up_whatever_was_counted(made: list[int], counted: list[int]) -> None:
    truth = Truth(str(n).encode() for n in made)
    seen = Counter(key_of(str(n).encode()) for n in counted)
    lost, twice = truth.lost(seen), truth.twice(seen)
    assert len(made) - len(lost) + len(twice) == len(counted)
    if sorted(made) == sorted(counted):
        assert not lost and not twice


def test_ranges_are_joined_and_told() -> None:
    assert ranges([3, 1, 2, 7, 7, 9, 10]) == ((1, 3), (7, 7), (9, 10))
    assert told(((1, 3), (7, 7))) == "1 to 3, 7"
    assert told(((1, 3), (7, 7), (9, 10), (12, 12))) == "1 to 3, 7, 9 to 10 and 1 more ranges"
