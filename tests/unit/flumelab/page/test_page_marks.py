"""What is noted on the time axis."""

from flumelab.page.marks import Marks
from flumelab.page.state import Ledger, Part


def ledger(verdict: str) -> Ledger:
    return Ledger((), verdict, "")


def kinds(marks: Marks) -> list[tuple[str, str]]:
    return [(mark.kind, mark.text) for mark in marks.all]


def test_a_feed_is_one_mark_and_says_how_many_lines() -> None:
    marks = Marks()
    for second, lines in enumerate([100, 100, 600, 1100, 1100]):
        marks.look_at_feed(second, lines)
    assert kinds(marks) == [("fed", "fed 1,000 lines")]
    assert marks.all[0].time == 2


def test_a_lab_that_was_fed_before_the_page_opened_was_not_fed_now() -> None:
    marks = Marks()
    marks.look_at_feed(0, 5000)
    marks.look_at_feed(1, 5000)
    marks.look_at_ledger(1, ledger("balanced"))
    assert kinds(marks) == []


def test_the_time_to_balance_runs_from_the_first_line_of_the_feed() -> None:
    marks = Marks()
    for second, (lines, verdict) in enumerate(
        [
            *((0, "empty"), (10, "counting"), (20, "counting")),
            *((20, "balanced"), (20, "balanced"), (20, "balanced")),
        ]
    ):
        marks.look_at_feed(second, lines)
        marks.look_at_ledger(second, ledger(verdict))
    assert kinds(marks) == [("fed", "fed 20 lines"), ("balanced", "balanced after 2 s")]
    assert marks.balanced_after == 2
    assert [mark.time for mark in marks.all] == [1, 3]


def test_a_slow_feed_that_is_balanced_again_and_again_is_one_feed() -> None:
    marks = Marks()
    for second in range(10):
        marks.look_at_feed(second, min(second, 4) * 10)
        marks.look_at_ledger(second, ledger("balanced"))
    assert kinds(marks) == [("fed", "fed 40 lines"), ("balanced", "balanced after 3 s")]


def test_a_cut_and_its_end_are_two_marks() -> None:
    marks = Marks()
    for second, cut in enumerate([False, True, True, False]):
        marks.look_at_link(second, cut)
    assert [(mark.time, mark.kind) for mark in marks.all] == [(1, "cut"), (3, "mended")]


def test_a_part_that_is_stuck_for_a_while_is_two_marks() -> None:
    marks = Marks()
    for second, state in enumerate(["running", "stuck", "running"]):
        marks.look_at_parts(second, [Part("flume", state)])
    assert kinds(marks) == [("stuck", "flume is stuck"), ("back", "flume runs")]


def test_each_feed_is_balanced_once() -> None:
    marks = Marks()
    for second, lines in enumerate([0, 10, 10, 10, 10, 10, 10, 30]):
        marks.look_at_feed(second, lines)
        marks.look_at_ledger(second, ledger("balanced" if second != 7 else "counting"))
    for second in (9, 10):
        marks.look_at_ledger(second, ledger("balanced"))
    assert [kind for kind, _ in kinds(marks)] == ["fed", "balanced", "fed", "balanced"]


def test_a_part_that_dies_and_comes_back_is_two_marks() -> None:
    marks = Marks()
    for second, state in enumerate(["running", "dead", "dead", "running"]):
        marks.look_at_parts(second, [Part("flume", state), Part("url-counts", "running")])
    assert kinds(marks) == [("dead", "flume died"), ("back", "flume runs")]


def test_a_lab_that_is_stopped_and_started_is_not_called_dead() -> None:
    marks = Marks()
    marks.look_at_parts(0, [])
    marks.look_at_parts(1, [Part("flume", "running")])
    marks.look_at_parts(2, [])
    assert kinds(marks) == [("up", "flume runs"), ("down", "flume was stopped")]
