"""The programs' reading of a line and the ledger's rule agree, on good lines and on broken ones."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flumelab.programs import parse
from loadgen.scenarios import SCENARIOS

READERS = {
    "hashtags": parse.message,
    "orders": parse.order,
    "sensors": parse.reading,
    "actions": parse.action,
}


def as_event(scenario: str, read: Any) -> tuple[Any, ...] | None:
    """What `loadgen` keeps of it, from what the programs have."""
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
        wanted = wanted[:4]  # what is read tells no fault
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
