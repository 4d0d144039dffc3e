"""Who gets memory, who waits, and that somebody can always continue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark_flume.ingest.memory_budget import (
    MEMORY_BYTES_MAX,
    SMALL_BYTES_MAX,
    SMALL_RESERVE_BYTES,
    MemoryBudget,
)

MIB = 1024 * 1024
FRAME = 64 * MIB
FOR_LARGE = MEMORY_BYTES_MAX - SMALL_RESERVE_BYTES


class Holder:
    """A connection that notes what it is granted."""

    def __init__(self) -> None:
        self.granted = 0

    def grant(self, size: int) -> None:
        self.granted += size


@pytest.fixture
def budget() -> MemoryBudget:
    return MemoryBudget(MEMORY_BYTES_MAX, FRAME)


def fill(budget: MemoryBudget) -> Holder:
    """Take all that large frames may have, and a frame more, for the favoured one."""
    favoured = Holder()
    assert budget.take(0, FOR_LARGE, Holder())
    assert budget.take(0, FRAME, favoured)
    return favoured


def test_one_connection_continues_though_the_memory_for_large_frames_is_taken(
    budget: MemoryBudget,
) -> None:
    fill(budget)

    assert not budget.take(0, 2 * MIB, Holder())


def test_a_small_frame_finds_memory_where_a_large_one_does_not(budget: MemoryBudget) -> None:
    fill(budget)

    assert not budget.take(0, SMALL_BYTES_MAX + 1, Holder())
    assert budget.take(0, SMALL_BYTES_MAX, Holder())


def test_of_those_that_wait_the_smallest_request_is_served_first(budget: MemoryBudget) -> None:
    fill(budget)
    large, small = Holder(), Holder()
    assert not budget.take(0, 20 * MIB, large)
    assert not budget.take(0, 10 * MIB, small)

    budget.give_back(FRAME + 15 * MIB)

    assert (small.granted, large.granted) == (10 * MIB, 0)
    budget.give_back(15 * MIB)
    assert (small.granted, large.granted) == (10 * MIB, 20 * MIB)


def test_a_connection_that_waits_is_granted_what_it_does_not_hold(budget: MemoryBudget) -> None:
    fill(budget)
    waiting = Holder()
    assert not budget.take(4 * MIB, 10 * MIB, waiting)

    budget.give_back(FRAME + 6 * MIB)

    assert waiting.granted == 6 * MIB


def test_when_the_favoured_frame_ends_the_next_one_is_favoured(budget: MemoryBudget) -> None:
    favoured = fill(budget)
    waiting = Holder()
    assert not budget.take(0, FRAME, waiting)

    budget.give_back(0)
    assert waiting.granted == 0
    budget.end_frame(favoured)
    budget.give_back(0)

    assert waiting.granted == FRAME


def test_a_connection_that_has_left_is_granted_nothing(budget: MemoryBudget) -> None:
    favoured = fill(budget)
    gone, waiting = Holder(), Holder()
    assert not budget.take(0, 10 * MIB, gone)
    assert not budget.take(0, 10 * MIB, waiting)

    budget.leave(gone)
    budget.leave(favoured)
    budget.give_back(FRAME)

    assert (gone.granted, waiting.granted) == (0, 10 * MIB)


def test_what_arrives_unasked_can_exceed_the_budget_for_all_but_the_favoured(
    budget: MemoryBudget,
) -> None:
    favoured = fill(budget)
    other = Holder()
    assert not budget.is_exceeded_for(other)

    budget.add(SMALL_RESERVE_BYTES + 1)

    assert budget.is_exceeded_for(other)
    assert not budget.is_exceeded_for(favoured)


def test_with_the_last_byte_taken_one_connection_still_continues(budget: MemoryBudget) -> None:
    budget.add(MEMORY_BYTES_MAX + FRAME)
    favoured = Holder()

    assert not budget.is_exceeded_for(Holder())
    assert budget.take(0, FRAME, favoured)
    budget.end_frame(favoured)
    assert not budget.take(0, FRAME, Holder())


@given(st.lists(st.integers(1, FRAME), min_size=1, max_size=40))
def test_whatever_is_wanted_all_get_it_in_the_end(sizes: list[int]) -> None:
    budget = MemoryBudget(MEMORY_BYTES_MAX, FRAME)
    waiting: list[tuple[Holder, int]] = []
    done: list[tuple[Holder, int]] = []
    for size in sizes:
        holder = Holder()
        (done if budget.take(0, size, holder) else waiting).append((holder, size))

    while done:
        holder, size = done.pop()
        budget.end_frame(holder)
        budget.give_back(size)
        served = [each for each in waiting if each[0].granted]
        assert all(each.granted == wanted for each, wanted in served)
        done += served
        waiting = [each for each in waiting if not each[0].granted]

    assert waiting == []
