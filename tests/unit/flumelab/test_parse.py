"""The programs' parsers and the ledger's rule agree, on good lines and on broken ones."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flumelab.counts import MALFORMED
from flumelab.programs import parse
from loadgen.scenarios import SCENARIOS

READERS = {
    "hashtags": parse.message,
    "orders": parse.order,
    "sensors": parse.reading,
    "actions": parse.action,
}


def as_event(scenario: str, read: Any) -> tuple[Any, ...] | None:
    """Return what `loadgen` would keep of it."""
    if read is None:
        return None
    time = int(read.time.timestamp())
    match scenario:
        case "hashtags":
            return time, read.hashtags
        case "orders":
            return time, read.product, read.quantity, read.cents
        case "sensors":
            return time, read.device, round(100 * read.temperature), round(100 * read.pressure)
        case _:
            return time, read.user, read.action


def agree(scenario: str, read: Callable[[bytes], Any], line: bytes) -> bool:
    wanted = SCENARIOS[scenario](1).read(line.decode("utf-8", "replace"))
    if scenario == "sensors" and wanted:
        wanted = wanted[:4]  # the line does not show the fault
    assert as_event(scenario, read(line)) == wanted
    return wanted is not None


@pytest.mark.parametrize(("scenario", "read"), READERS.items())
def test_programs_and_generator_agree_on_generated_lines(
    scenario: str, read: Callable[[bytes], Any]
) -> None:
    lines = SCENARIOS[scenario](1, 0.3).generate(500).data.splitlines()
    assert {agree(scenario, read, line) for line in lines} == {True, False}


@pytest.mark.parametrize(("scenario", "read"), READERS.items())
@given(data=st.data())
def test_programs_and_generator_agree_on_damaged_lines(
    scenario: str, read: Callable[[bytes], Any], data: st.DataObject
) -> None:
    line = bytearray(SCENARIOS[scenario](1).generate(1).data.rstrip(b"\n"))
    at = data.draw(st.integers(0, len(line)))
    line[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    agree(scenario, read, bytes(line).replace(b"\n", b" "))


ORDER = b"2026-01-01T00:00:03Z,1-0000002,espresso,2,3.20"
MESSAGE = b"2026-01-01T00:00:03Z ada learning #spark and #flume"
REQUEST = b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl/8"'


@pytest.mark.parametrize(
    ("read", "line", "found", "malformed"),
    [
        (parse.sale, ORDER, ("espresso", 2), (MALFORMED, 1)),
        (parse.takings, ORDER, ("espresso", 640), (MALFORMED, 1)),
        (parse.hashtags, MESSAGE, ["#spark", "#flume"], [MALFORMED]),
        (parse.url, REQUEST, "/a", MALFORMED),
    ],
)
def test_a_malformed_line_is_counted_under_a_key_of_its_own(
    read: Callable[[bytes], Any], line: bytes, found: Any, malformed: Any
) -> None:
    assert read(line) == found
    assert read(b"\xff") == malformed


@pytest.mark.parametrize(
    ("schema", "parsed"),
    [
        (parse.ORDER_SCHEMA, parse.Order),
        (parse.READING_SCHEMA, parse.Reading),
        (parse.ACTION_SCHEMA, parse.Action),
    ],
)
def test_a_schema_names_the_fields_in_their_order(schema: str, parsed: Any) -> None:
    assert tuple(column.split()[0] for column in schema.split(", ")) == parsed._fields
