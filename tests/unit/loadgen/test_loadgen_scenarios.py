"""Claims about every scenario whose ledger keeps the events."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.scenarios import SCENARIOS, Batch
from loadgen.scenarios.event_scenario import START, EventScenario, second_of, stamp

EVENT_SCENARIOS = [kind for kind in SCENARIOS.values() if issubclass(kind, EventScenario)]
NOT_IN_LINES = {"fault"}  # only the generator knows a planted fault

scenarios = st.sampled_from(EVENT_SCENARIOS)


def readable(batch: Batch) -> Batch:
    """Remove the values that are not in the lines."""
    assert batch.events is not None
    events = {
        name: [None if name in NOT_IN_LINES else value for value in column]
        for name, column in batch.events.items()
    }
    return Batch(**vars(batch) | {"events": events})


@settings(deadline=None, max_examples=60)
@given(scenarios, st.integers(), st.sampled_from([0.0, 0.1, 1.0]), st.integers(1, 300))
def test_what_was_drawn_is_what_the_lines_say(
    kind: type[EventScenario], seed: int, fraction: float, lines: int
) -> None:
    drawn = kind(seed, fraction).generate(lines)
    assert readable(drawn) == kind(1).account(drawn.data)
    assert drawn.lines == drawn.data.count(b"\n") == lines
    assert drawn.malformed == lines or fraction < 1.0


@settings(deadline=None, max_examples=60)
@given(scenarios, st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_a_run_has_the_same_lines_and_truth_however_it_is_cut(
    kind: type[EventScenario], cuts: list[int]
) -> None:
    whole, scenario = kind(7, 0.1).generate(sum(cuts)), kind(7, 0.1)
    parts = [scenario.generate(cut) for cut in cuts]
    assert b"".join(part.data for part in parts) == whole.data
    events = [part.events for part in parts]
    for name, column in (whole.events or {}).items():
        assert [value for part in events if part for value in part[name]] == column
    assert sum(part.malformed for part in parts) == whole.malformed


@pytest.mark.parametrize("kind", EVENT_SCENARIOS)
def test_each_kind_of_malformed_line_breaks_the_rule(kind: type[EventScenario]) -> None:
    assert len(kind.malformed_rests) == len(set(kind.malformed_rests)) > 3
    for rest in kind.malformed_rests:
        batch = kind(1).account(f"{kind.head}{stamp(START)}{rest}\n".encode())
        assert (batch.lines, batch.malformed) == (1, 1), rest


@pytest.mark.parametrize("kind", EVENT_SCENARIOS)
def test_the_fraction_of_malformed_lines_is_as_asked_for(kind: type[EventScenario]) -> None:
    assert kind(1).generate(5_000).malformed == 0
    assert 400 < kind(1, 0.1).generate(5_000).malformed < 600
    assert kind(1, 1.0).generate(100).malformed == 100


BYTES = {
    "orders": "0673ef138301765c",
    "sensors": "163cbf1371f2a390",
    "hashtags": "79477f948bab60b4",
    "actions": "c28e8720bb985a4c",
}


@pytest.mark.parametrize(("name", "digest"), BYTES.items())
def test_a_seed_means_these_bytes_on_every_python(name: str, digest: str) -> None:
    data = SCENARIOS[name](1, 0.01).generate(1000).data
    assert hashlib.sha256(data).hexdigest()[:16] == digest
    assert SCENARIOS[name](2, 0.01).generate(1000).data != data


def test_every_scenario_has_its_bytes_pinned() -> None:
    assert {SCENARIOS[name] for name in BYTES} == set(EVENT_SCENARIOS)


@settings(deadline=None)
@given(scenarios, st.lists(st.one_of(st.binary(), st.text().map(str.encode))))
def test_any_bytes_are_accounted_for_line_by_line(
    kind: type[EventScenario], lines: list[bytes]
) -> None:
    good, data = kind(3).generate(5), b"\n".join([*lines, b""])
    batch = kind(1).account(data + good.data)
    assert batch.data == data + good.data
    assert batch.lines == data.count(b"\n") + 5
    assert readable(good).events == {
        name: column[-5:] for name, column in (batch.events or {}).items()
    }


@pytest.mark.parametrize("kind", EVENT_SCENARIOS)
def test_no_line_gives_an_empty_batch(kind: type[EventScenario]) -> None:
    batch = kind(1).account(b"")
    assert (batch.lines, batch.malformed, batch.first_event_time) == (0, 0, None)
    assert batch.events == {name: [] for name in kind.fields}


@pytest.mark.parametrize("kind", EVENT_SCENARIOS)
def test_a_line_with_a_time_that_does_not_exist_is_malformed(kind: type[EventScenario]) -> None:
    [line] = kind(1).generate(1).data.splitlines()
    assert kind(1).account(line).malformed == 0
    for wrong in ("2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
                  "0000-01-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00",
                  "2026-01-01T00:00:00+00:00"):  # fmt: skip
        changed = re.sub(rb"2026-01-01T\d\d:\d\d:\d\dZ", wrong.encode(), line, count=1)
        assert changed != line
        assert kind(1).account(changed).malformed == 1, wrong


def test_a_second_is_written_and_read_in_utc() -> None:
    assert stamp(START) == "2026-01-01T00:00:00Z"
    assert second_of("2026-01-01T00:00:00Z") == START
    assert second_of("1969-12-31T23:59:59Z") == -1
