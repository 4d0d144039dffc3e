"""Events found as columns: all at once and one by one give the same as `decode_events`.

Also which lines of which file they are (`line_identity`).
"""

from __future__ import annotations

import tracemalloc
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark_flume.errors import EventCorrupt
from pyspark_flume.events import event_positions as columns_module
from pyspark_flume.events.event_positions import (
    EventColumns,
    find_header,
    join_events,
    scan_events,
    slice_events,
)
from pyspark_flume.events.record import decode_events, encode_event
from pyspark_flume.events.uniform_batch import find_uniform_events
from pyspark_flume.ingest.line_identity import file_ranges
from pyspark_flume.landing import FileRange

from tests.support.wire import hexed

Event = tuple[dict[str, str], bytes]
NEVER = 1 << 62


def encoded(events: list[Event]) -> bytes:
    return b"".join(encode_event(*event) for event in events)


def events_of(columns: EventColumns) -> list[Event]:
    """Every event, read by the positions alone."""
    data = bytes(columns.data)
    pairs = [
        (data[a:b].decode("utf-8", "replace"), data[c:d].decode("utf-8", "replace"))
        for a, b, c, d in zip(
            columns.key_starts,
            columns.key_ends,
            columns.value_starts,
            columns.value_ends,
            strict=True,
        )
    ]
    offsets = columns.header_offsets
    return [
        (dict(pairs[offsets[i] : offsets[i + 1]]), data[columns.body_starts[i] : columns.ends[i]])
        for i in range(columns.count)
    ]


def outcome(data: bytes, count: int, uniform_events_min: int) -> list[list[int]] | None:
    """All columns; None where the events are corrupt."""
    with patch.object(columns_module, "UNIFORM_EVENTS_MIN", uniform_events_min):
        try:
            found = scan_events(data, count)
        except EventCorrupt:
            return None
    return [
        column.tolist()
        for column in (
            found.starts,
            found.body_starts,
            found.ends,
            found.header_offsets,
            found.key_starts,
            found.key_ends,
            found.value_starts,
            found.value_ends,
        )
    ]


def found_all_at_once(data: bytes, count: int) -> bool:
    return find_uniform_events(data, count, NEVER) is not None


def assert_both_ways_find(expected: list[Event], data: bytes) -> None:
    at_once = outcome(data, len(expected), 0)
    assert at_once is not None
    assert at_once == outcome(data, len(expected), NEVER)
    assert events_of(scan_events(data, len(expected))) == expected


# --- literal bytes ------------------------------------------------------------------------------


def test_the_columns_are_positions_in_the_data() -> None:
    columns = scan_events(hexed("02 0261 046263 00 02 78  00 04 6869  04 00 00 0264 0265 00 00"), 3)

    assert columns.starts.tolist() == [0, 9, 13]
    assert columns.body_starts.tolist() == [8, 11, 22]
    assert columns.ends.tolist() == [9, 13, 22]
    assert columns.header_offsets.tolist() == [0, 1, 1, 3]
    assert columns.key_starts.tolist() == [2, 15, 17]
    assert columns.key_ends.tolist() == [3, 15, 18]
    assert columns.value_starts.tolist() == [4, 16, 19]
    assert columns.value_ends.tolist() == [6, 16, 20]


def test_a_batch_whose_events_have_the_same_keys_is_found_all_at_once() -> None:
    plain = hexed("00 04 6869") * 40
    with_headers = hexed("04 0261 0262 04 6364 00 00 04 6869") * 40

    assert found_all_at_once(plain, 40)
    assert found_all_at_once(with_headers, 40)
    assert scan_events(with_headers, 40).keys == (b"a", b"cd")
    assert_both_ways_find([({}, b"hi")] * 40, plain)
    assert_both_ways_find([({"a": "b", "cd": ""}, b"hi")] * 40, with_headers)


def test_bodies_that_look_like_events_are_told_from_them() -> None:
    body = hexed("00 04 6869 00")
    events: list[Event] = [({}, body), *[({}, b"hi")] * 40]
    data = encoded(events)

    assert found_all_at_once(data, 41)
    assert_both_ways_find(events, data)


def test_empty_bodies_are_told_from_empty_headers() -> None:
    assert found_all_at_once(hexed("00 00") * 50, 50)
    assert_both_ways_find([({}, b"")] * 50, hexed("00 00") * 50)


def test_of_a_key_that_an_event_has_twice_the_last_counts() -> None:
    data = hexed("06 0261 0262 0263 00 0261 0264 00 02 78") * 40

    for columns in (scan_events(data, 40), slice_events(scan_events(data * 2, 80), 40, 80)):
        values = columns.value_starts[find_header(columns, b"a")]
        assert all(bytes(columns.data)[start : start + 1] == b"d" for start in values)
    mixed = scan_events(data + b"\0\0", 41)
    assert find_header(mixed, b"a").tolist() == [*range(2, 120, 3), -1]
    assert find_header(mixed, b"b").tolist() == [-1] * 41


LAYOUTS = [
    "04 0261 0262 0263 0264 00",
    "02 0261 0262 02 0263 0264 00",  # in two blocks
    "03 10 0261 0262 0263 0264 00",  # in one of -2 pairs and 8 bytes
    "01 08 0261 0262 02 0263 0264 00",  # in both kinds
    "8400 0261 0262 0263 0264 00",  # counts and lengths in more bytes than they need
    "04 820061 0262 0263 0264 00",
    "04 0261 820062 0263 0264 00",
    "04 0261 0262 0263 0264 8000",
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_headers_may_come_in_any_layout(layout: str) -> None:
    event = hexed(layout + "02 78")

    assert_both_ways_find([({"a": "b", "c": "d"}, b"x")] * 40, event * 40)
    # Only the first event's layout is looked at before all are read.
    usual = hexed(LAYOUTS[0] + "02 78")
    assert_both_ways_find([({"a": "b", "c": "d"}, b"x")] * 41, usual * 20 + event + usual * 20)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 1021, 8191, 8192, 70_000, 1 << 20])
@pytest.mark.parametrize("headers", [{}, {"a": "x" * 64, "k" * 64: "y" * 8192}], ids=["", "map"])
def test_a_body_of_any_size_is_found_all_at_once(size: int, headers: dict[str, str]) -> None:
    events = [(headers, b"e" * size), (headers, b"f" * 3)] * 2

    assert found_all_at_once(encoded(events), 4)
    assert_both_ways_find(events, encoded(events))


@pytest.mark.parametrize(
    "wire",
    [
        "00 01",  # a body of -1 bytes
        "00 8101" + "61" * 64,  # of -65
        "00 06 6869",  # of 3 with 2 left
        "00 8080808001",  # of 2^27
        "00 feffffffffffffffff01 68",  # of 2^63 - 1
        "00 ffffffffffffffffff01 68",  # of -2^63
        "02 08 61 0262 00 00",  # a key of 4 bytes with 4 left: the rest is cut off
        "02 01 0262 00 00",  # a key of -1 bytes
        "02 0261 01 00 00",  # a value of -1 bytes
        "02 0261 feffffffffffffffff01 00 00",
        "02 0261 0262 01 00",  # no end of the map
        "feffffffffffffffff01 0261 0262 00 00",  # 2^63 - 1 pairs
        "ffffffffffffffffff01 02 0261 0262 00 00",  # -2^63
        "00 " + "80" * 100,  # a length that does not end
        "00 " + "ff" * 1000 + "7f",  # one of 7,000 bits
    ],
)
@pytest.mark.parametrize("before", [b"", hexed("00 02 78") * 40], ids=["alone", "last"])
def test_a_length_or_a_count_that_lies_is_corrupt(wire: str, before: bytes) -> None:
    data, count = before + hexed(wire), len(before) // 3 + 1

    assert outcome(data, count, 0) is outcome(data, count, NEVER) is None


@pytest.mark.parametrize("count", [0, 1, 39, 41, 1 << 62])
def test_events_that_are_not_as_many_as_announced_are_corrupt(count: int) -> None:
    data = hexed("00 02 78") * 40

    assert outcome(data, count, 0) is outcome(data, count, NEVER) is None


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ("00 00", 1),
        ("00 00 00 02 78", 2),
        ("02 0261 0262 00 02 78", 1),
        ("01 08 0261 0262 00 02 78", 1),
    ],
)
def test_bytes_that_are_as_many_events_as_announced_are_found(items: str, count: int) -> None:
    assert scan_events(hexed(items), count).count == count


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ("00 00", 2),  # fewer
        ("00 00 00 00", 1),  # more
        ("00 04 61", 1),  # a body that is longer than the data
        ("00 01", 1),  # of -1 bytes
        ("02 0261 0662 00 00", 1),  # a header that is longer than the data
        ("feffffffffffffffff01 0261", 1),  # 2^63 - 1 headers
        ("00 " + "80" * 20, 1),  # a length without an end
    ],
)
def test_bytes_that_are_not_as_many_events_are_corrupt(items: str, count: int) -> None:
    with pytest.raises(EventCorrupt):
        scan_events(hexed(items), count)


def test_no_events_are_no_bytes() -> None:
    assert outcome(b"", 0, 0) == outcome(b"", 0, NEVER) == [[], [], [], [0], [], [], [], []]
    assert outcome(b"", 1, 0) is None


def test_more_headers_than_memory_allows_are_refused() -> None:
    events = hexed("04 0000 0000 00 00") * 40

    with patch.object(columns_module, "HEADERS_MAX", 80):
        assert scan_events(events, 40).header_offsets[-1] == 80
    with (
        patch.object(columns_module, "HEADERS_MAX", 79),
        pytest.raises(EventCorrupt, match="lower the sink's batch-size"),
    ):
        scan_events(events, 40)


def test_zeros_that_look_like_events_take_no_memory() -> None:
    data = bytes(1 << 22)
    tracemalloc.start()
    try:
        with pytest.raises(EventCorrupt):
            scan_events(data, 1000)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(data)
    finally:
        tracemalloc.stop()


# --- any events ---------------------------------------------------------------------------------

headers = st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3)
# Bodies full of bytes that occur in counts, lengths and ends of maps.
bodies = st.one_of(
    st.binary(max_size=20),
    st.lists(st.sampled_from(b"\0\0\0\2\4\6\x80"), max_size=20).map(bytes),
    st.sampled_from([0, 1, 63, 64, 1021]).map(bytes),
)
mixed = st.lists(st.tuples(headers, bodies), max_size=40)
alike = st.lists(st.text(max_size=4), max_size=3, unique=True).flatmap(
    lambda keys: st.lists(
        st.tuples(st.fixed_dictionaries(dict.fromkeys(keys, st.text(max_size=70))), bodies),
        max_size=40,
    )
)
batches = st.one_of(alike, mixed)


@given(batches)
@settings(deadline=None)
def test_both_ways_find_what_decode_events_finds(events: list[Event]) -> None:
    data = encoded(events)

    assert list(decode_events(data)) == events
    assert_both_ways_find(events, data)
    assert events_of(scan_events(memoryview(bytearray(data)), len(events))) == events


@given(batches, st.integers(0), st.integers(0, 255), st.integers(-1, 1))
@settings(deadline=None, max_examples=300)
def test_both_ways_find_the_same_where_a_byte_is_wrong(
    events: list[Event], place: int, octet: int, more: int
) -> None:
    data = bytearray(encoded(events) or b"\0\0")
    data[place % len(data)] = octet
    count = max(0, len(events) + more)

    found = outcome(bytes(data), count, 0)
    assert found == outcome(bytes(data), count, NEVER)
    if found is not None:
        assert len(list(decode_events(bytes(data)))) == count


@given(st.lists(st.sampled_from(b"\0\1\2\4\6\x80a"), max_size=60).map(bytes), st.integers(0, 30))
@settings(deadline=None, max_examples=300)
def test_both_ways_find_the_same_in_any_bytes(data: bytes, count: int) -> None:
    assert outcome(data, count, 0) == outcome(data, count, NEVER)


# --- some of the events -------------------------------------------------------------------------


@given(batches, st.data())
@settings(deadline=None)
def test_a_slice_is_the_same_as_those_events_scanned_alone(
    events: list[Event], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(events)))
    last = data.draw(st.integers(first, len(events)))

    assert (
        events_of(slice_events(scan_events(encoded(events), len(events)), first, last))
        == (events[first:last])
    )


@given(batches, st.data())
@settings(deadline=None)
def test_selected_events_are_joined(events: list[Event], data: st.DataObject) -> None:
    keep = data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    columns = scan_events(memoryview(encoded(events)), len(events))

    joined = join_events(columns, np.array(keep, np.bool_))
    assert joined == encoded([event for event, kept in zip(events, keep, strict=True) if kept])


# --- which lines of which file ------------------------------------------------------------------


def line(offset: object, end: object, file: str = "a.log") -> Event:
    return {"file": file, "offset": str(offset), "end": str(end)}, b"x"


def runs_of(*events: Event) -> list[FileRange]:
    return file_ranges(scan_events(encoded(list(events)), len(events)))


@pytest.mark.parametrize("start", [0, 99_999_990, 10**16 - 50])
def test_lines_that_follow_each_other_are_one_run(start: int) -> None:
    events = [line(start + i, start + i + 1) for i in range(100)]

    assert runs_of(*events) == [FileRange("a.log", start, start + 100, 0, 100)]


def test_a_run_ends_where_lines_are_missing_repeated_or_of_another_file() -> None:
    assert runs_of(line(0, 5), line(5, 9), line(10, 12), line(0, 5), line(5, 9, "b.log")) == [
        FileRange("a.log", 0, 9, 0, 2),
        FileRange("a.log", 10, 12, 2, 3),
        FileRange("a.log", 0, 5, 3, 4),
        FileRange("b.log", 5, 9, 4, 5),
    ]
    assert runs_of(line(0, 5, "a"), line(5, 9, "aa"), line(9, 10, "aa")) == [
        FileRange("a", 0, 5, 0, 1),
        FileRange("aa", 5, 10, 1, 3),
    ]


@pytest.mark.parametrize(
    "stranger",
    [
        ({}, b"x"),
        ({"file": "a.log", "offset": "5"}, b"x"),
        line(5, 5),
        line(5, 4),
        line("", 9),
        line("-5", 9),
        line("+5", 9),
        line(" 5", 9),
        line("5.", 9),
        line("0x5", 9),
        line("\u0665", 9),
        line(5, "9" * 19),
        line("1234567:", "123456789"),
        line("12345678/", "123456789"),
    ],
    ids=lambda event: repr(event[0]),
)
def test_an_event_without_a_known_place_is_in_no_run(stranger: Event) -> None:
    assert runs_of(stranger) == []
    assert runs_of(line(0, 5), stranger, line(5, 9)) == [
        FileRange("a.log", 0, 5, 0, 1),
        FileRange("a.log", 5, 9, 2, 3),
    ]


def test_a_file_name_that_is_not_utf8_is_no_known_place() -> None:
    event = encode_event(*line(0, 5)).replace(b"a.log", b"\xff.log")

    assert file_ranges(scan_events(event, 1)) == []


def test_events_without_headers_are_in_no_run() -> None:
    assert runs_of() == runs_of(({}, b"x")) == runs_of(*[({}, b"x")] * 50) == []


places = st.tuples(
    st.sampled_from(["a", "b", "aa"]), st.integers(0, 3), st.integers(0, 3), st.booleans()
)


@given(st.lists(places, max_size=60))
@settings(deadline=None)
def test_runs_are_those_that_a_loop_over_the_events_finds(
    places: list[tuple[str, int, int, bool]],
) -> None:
    events = [line(start, end, file) if known else ({}, b"") for file, start, end, known in places]
    expected: list[FileRange] = []
    for i, (file, start, end, known) in enumerate(places):
        if not known or end <= start:
            continue
        before = expected[-1] if expected else None
        if before and (before.file, before.end, before.last) == (file, start, i):
            expected[-1] = FileRange(file, before.start, end, before.first, i + 1)
        else:
            expected.append(FileRange(file, start, end, i, i + 1))

    assert runs_of(*events) == expected
