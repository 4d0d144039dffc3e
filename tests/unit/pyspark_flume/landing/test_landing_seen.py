"""Ranges seen, against a plain set of bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark_flume.landing import SeenRanges

ranges = st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(0, 12))


@given(st.lists(ranges, max_size=25), ranges)
def test_ranges_are_the_set_of_their_bytes(
    added: list[tuple[str, int, int]], asked: tuple[str, int, int]
) -> None:
    seen, model = SeenRanges(), set()
    for file, start, length in added:
        seen.add(file, start, start + length)
        model |= {(file, byte) for byte in range(start, start + length)}
    file, start, length = asked

    missing = seen.missing(file, start, start + length)

    expected = {byte for byte in range(start, start + length) if (file, byte) not in model}
    assert {byte for low, high in missing for byte in range(low, high)} == expected
    assert all(low < high for low, high in missing)
    assert all(left[1] < right[0] for left, right in pairwise(missing))
    assert seen.copy().snapshot() == seen.snapshot()
    restored = SeenRanges()
    restored.restore(seen.snapshot())
    assert restored.snapshot() == seen.snapshot()


def test_a_range_seen_not_at_all_wholly_or_partly_is_told_apart() -> None:
    seen = SeenRanges()
    seen.add("a", 10, 20)

    assert seen.missing("a", 20, 30) == [(20, 30)]
    assert seen.missing("b", 10, 20) == [(10, 20)]
    assert seen.missing("a", 12, 18) == []
    assert seen.missing("a", 5, 25) == [(5, 10), (20, 25)]


def test_ranges_that_touch_become_one() -> None:
    seen = SeenRanges()
    for start in (0, 20, 10, 30):
        seen.add("a", start, start + 10)

    assert seen.snapshot() == '{"a":[0,40]}'


def test_beyond_the_limit_the_file_untouched_for_longest_is_forgotten() -> None:
    seen = SeenRanges(files_max=2)
    for file, start in (("a", 0), ("b", 0), ("a", 10), ("c", 0)):
        seen.add(file, start, start + 5)

    assert seen.snapshot() == '{"a":[0,5,10,15],"c":[0,5]}'


def test_a_file_with_many_gaps_does_not_fill_the_memory() -> None:
    seen = SeenRanges(ranges_max=2)
    seen.add("a", 0, 1)
    for start in (0, 10, 20, 30):
        seen.add("b", start, start + 1)

    assert seen.snapshot() == '{"b":[20,21,30,31]}'
    seen.add("b", 22, 30)
    assert seen.snapshot() == '{"b":[20,21,22,31]}'


def test_a_copy_does_not_follow_its_original() -> None:
    seen = SeenRanges()
    seen.add("a", 0, 10)
    copy = seen.copy()
    seen.add("a", 10, 20)

    assert copy.snapshot() == '{"a":[0,10]}'


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"a":[0]}', '{"a":[5,1]}', '{"a":[1,1]}', '{"a":[0,0,1,2]}']
)
def test_a_text_that_is_not_a_snapshot_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        SeenRanges().restore(text)
