from __future__ import annotations

from loadgen.pace import Pace


def test_deadlines_count_from_the_start() -> None:
    now = iter([100.0, 100.0, 101.5, 104.0])
    pace = Pace(10, clock=lambda: next(now))
    assert pace.seconds_until_due(20) == 2.0
    assert pace.seconds_until_due(20) == 0.5
    assert pace.seconds_until_due(30) == 0.0  # late, which does not put off the next deadline


def test_a_rate_of_0_makes_all_lines_due_at_once() -> None:
    assert Pace(0).seconds_until_due(10**9) == 0.0
