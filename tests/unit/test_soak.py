"""`make soak`: what is killed when, what counts as flat, and which files are removed."""

import dataclasses
import os
from itertools import islice, pairwise
from pathlib import Path

import pytest

from flumelab.ledger import Balance
from flumelab.settings import load
from tools.soak import verdict
from tools.soak.__main__ import strikes
from tools.soak.lab import FINISHED_SECONDS, SoakLab
from tools.soak.samples import Sample
from tools.soak.verdict import MIB, Result, trends

SECONDS = 600
EVEN = Balance(10, 10, 10, 10, 10, 0, 0, 0, {})


def result(samples: list[Sample], kills: int = 9, **more: object) -> Result:
    given = {
        "minutes": SECONDS / 60,
        "rate": 1,
        "kill_seconds": 60,
        "seed": 1,
        "kills": {"driver": kills},
        "ended": [],
        "slowest_return": 0,
        "seconds_until_counted": 0,
        "balance": EVEN,
        "samples": samples,
        "trends": trends(samples, SECONDS),
    }
    return Result(**(given | more))


def load_of(series: str, values: list[int]) -> list[Sample]:
    """Samples at equal intervals."""
    return [
        Sample(SECONDS * number / len(values), 0, {series: value})
        for number, value in enumerate(values)
    ]


def test_parts_are_killed_in_turn_once_an_interval_at_moments_of_the_seed() -> None:
    plan = list(strikes(60, 600, seed=1))
    assert [part for _, part in plan] == 3 * ["agent", "receiver", "driver"]
    assert [int(seconds / 60) for seconds, _ in plan] == list(range(9))
    assert plan == list(strikes(60, 600, seed=1))
    assert plan != list(strikes(60, 600, seed=2))
    assert all(later - earlier > 20 for (earlier, _), (later, _) in pairwise(plan))
    assert list(strikes(0, 600, seed=1)) == []


def test_memory_that_begins_anew_with_each_kill_is_flat() -> None:
    sawtooth = [300 * MIB + (number % 40) * 5 * MIB for number in range(120)]
    assert result(load_of("driver memory", sawtooth)).problems == []


def test_memory_that_grows_with_each_life_is_named() -> None:
    growing = [300 * MIB + (number % 40 + number // 2) * 5 * MIB for number in range(120)]
    assert result(load_of("driver memory", growing)).problems == ["driver memory grows"]


@pytest.mark.parametrize(
    ("series", "middle", "most"),
    [("agent files", 100, 126), ("agent memory", 0, 16 * MIB), ("spool disk", 0, 64 * MIB)],
)
def test_the_last_third_may_reach_its_limit_and_no_more(
    series: str, middle: int, most: int
) -> None:
    warm_up = [10**12] * 10  # is compared with nothing
    within = load_of(series, warm_up + [middle] * 10 + [most] * 10)
    above = load_of(series, warm_up + [middle] * 10 + [most + 1] * 10)
    assert result(within).problems == []
    assert result(above).problems == [f"{series} grows"]


def test_a_load_with_few_kills_is_judged_by_its_ledger_alone() -> None:
    growing = load_of("agent files", list(range(0, 30_000, 1000)))
    short = result(growing, kills=2)
    assert (short.judged, short.problems) == (False, [])
    assert result(growing, kills=0, kill_seconds=0).problems == ["agent files grows"]


def test_lines_that_are_lost_or_come_twice_and_a_part_that_ends_are_problems() -> None:
    uneven = dataclasses.replace(EVEN, lost=2, duplicated=1, differences={"/": (12, 11)})
    found = result([], kills=2, balance=uneven, ended=["flume"])
    assert found.problems == ["lost 2, duplicated 1", "flume ended by itself"]
    assert found.as_json()["passed"] is False
    assert found.as_json()["ledger"]["lost"] == 2


def test_the_high_mark_leaves_out_a_tenth() -> None:
    assert verdict.high_mark([*range(100, 0, -1)]) == 90
    assert verdict.high_mark([7]) == 7


def test_only_files_that_flume_finished_a_while_ago_are_removed_and_their_lines_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path))
    lab = SoakLab(load(), print)
    lab.state.create()
    names = ["a.log.COMPLETED", "b.log.COMPLETED", "c.log"]
    old, new, unread = [lab.state.spool / name for name in names]
    for file in (old, new, unread):
        file.write_text("one\ntwo\n")
    now = old.stat().st_ctime
    monkeypatch.setattr("time.time", lambda: now + FINISHED_SECONDS + 1)
    os.utime(new, (now + FINISHED_SECONDS, now + FINISHED_SECONDS))
    lab.remove_finished_files()
    assert [file.exists() for file in (old, new, unread)] == [False, True, True]
    assert lab.removed_lines == 2


def test_a_part_that_ends_while_the_rest_is_counted_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path))
    lab = SoakLab(load(), print)
    balances = [dataclasses.replace(EVEN, lost=1, differences={"/": (2, 1)}), EVEN, EVEN]
    monkeypatch.setattr(lab, "_balance", lambda: balances.pop(0))
    monkeypatch.setattr(lab, "revive", lambda: ["receiver"])
    monkeypatch.setattr("tools.soak.lab.BALANCE_POLL_SECONDS", 0)
    assert lab.settle() == (EVEN, ["receiver"])


def test_the_moments_do_not_depend_on_how_long_the_load_is() -> None:
    assert list(islice(strikes(60, 3600, seed=1), 9)) == list(strikes(60, 600, seed=1))
