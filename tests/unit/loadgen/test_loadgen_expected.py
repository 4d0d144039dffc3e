from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen import expected as expecting
from loadgen import ledger
from loadgen.errors import LedgerError
from loadgen.expected import expected
from loadgen.outlets.spool import Spool
from loadgen.scenarios import SCENARIOS, Batch
from loadgen.scenarios.access_log import AccessLog


def entry(scenario: str, batch: Batch, number: int = 1) -> ledger.Entry:
    return ledger.Entry(
        name=f"{scenario}-{number:06}.log",
        lines=batch.lines,
        bytes=len(batch.data),
        sha256="",
        first_event_time=None,
        last_event_time=None,
        urls=batch.urls,
        malformed=batch.malformed,
        events=batch.events,
    )


def account(scenario: str, *lines: str) -> list[ledger.Entry]:
    """Make a ledger entry for each line."""
    kind = SCENARIOS[scenario](1, 0.0)
    batches = [kind.account(f"{line}\n".encode()) for line in lines]
    return [entry(scenario, batch, number) for number, batch in enumerate(batches, 1)]


ORDERS = account(
    "orders",
    "2026-01-01T00:59:59Z,1,tea,2,1.50",
    "2026-01-01T01:00:00Z,2,tea,1,1.50",
    "2026-01-01T01:00:00Z,3,mug,1,9.99",
    "2026-01-01T01:00:00Z,4,mug,one,9.99",
)


def test_orders_add_up_by_product_and_hour() -> None:
    tea = {"events": 1, "quantity": 2, "cents": 300}
    assert expected(ORDERS, "orders", window=3600) == {
        "scenario": "orders",
        "lines": 4,
        "malformed": 1,
        "totals": {
            "tea": {"events": 2, "quantity": 3, "cents": 450},
            "mug": {"events": 1, "quantity": 1, "cents": 999},
        },
        "late": [],
        "windows": [
            {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z", "key": "tea"} | tea,
            {"start": "2026-01-01T01:00:00Z", "end": "2026-01-01T02:00:00Z", "key": "mug"}
            | {"events": 1, "quantity": 1, "cents": 999},
            {"start": "2026-01-01T01:00:00Z", "end": "2026-01-01T02:00:00Z", "key": "tea"}
            | {"events": 1, "quantity": 1, "cents": 150},
        ],
    }


def test_hashtags_count_in_every_window_that_slides_over_them() -> None:
    entries = account("hashtags", "2026-01-01T00:00:07Z ada #a #b #a", "2026-01-01T00:00:09Z ada")
    found = expected(entries, "hashtags", window=6, slide=4)
    assert found["totals"] == {"#a": {"events": 2}, "#b": {"events": 1}}
    assert [(row["start"][-3:-1], row["end"][-3:-1], row["key"], row["events"])
            for row in found["windows"]] == [
        ("04", "10", "#a", 2), ("04", "10", "#b", 1)
    ]  # fmt: skip
    found = expected(entries, "hashtags", window=6, slide=3)
    assert [row["start"][-3:-1] for row in found["windows"]] == ["03", "03", "06", "06"]


def action(time: str, user: str = "u1", what: str = "view") -> str:
    return json.dumps({"time": f"2026-01-01T{time}Z", "user": user, "action": what})


ACTIONS = account(
    "actions",
    action("12:00:00"),
    action("12:30:00"),
    action("13:00:01", what="buy"),
    action("12:59:00", "u2"),
    action("09:00:00"),
)


def test_sessions_end_at_a_longer_gap_and_may_span_files() -> None:
    sessions = [
        ("u1", "09:00:00", "09:00:00", 1),
        ("u1", "12:00:00", "12:30:00", 2),
        ("u1", "13:00:01", "13:00:01", 1),
        ("u2", "12:59:00", "12:59:00", 1),
    ]
    assert expected(ACTIONS, "actions", gap=1800)["sessions"] == [
        {"user": u, "start": f"2026-01-01T{a}Z", "end": f"2026-01-01T{b}Z", "events": n}
        for u, a, b, n in sessions
    ]
    assert len(expected(ACTIONS, "actions", gap=1801)["sessions"]) == 3
    assert len(expected(reversed(ACTIONS), "actions", gap=1800)["sessions"]) == 4


def test_late_events_are_listed_and_can_be_left_out() -> None:
    out_of_order = {"time": "2026-01-01T12:59:00Z", "user": "u2", "action": "view", "late": 61}
    late = {"time": "2026-01-01T09:00:00Z", "user": "u1", "action": "view", "late": 4 * 3600 + 1}
    found = expected(ACTIONS, "actions")
    assert found["late"] == [out_of_order, late]
    assert found["totals"] == {"view": {"events": 4}, "buy": {"events": 1}}
    found = expected(ACTIONS, "actions", late=61, window=3600, gap=1800)
    assert found["late"] == [late]
    assert found["totals"] == {"view": {"events": 3}, "buy": {"events": 1}}
    assert sum(row["events"] for row in found["windows"]) == 4
    assert len(found["sessions"]) == 3


def test_planted_faults_are_listed() -> None:
    batch = SCENARIOS["sensors"](1, 0.0).generate(3_000)
    found = expected([entry("sensors", batch)], "sensors")
    lines = batch.data.decode().splitlines()
    assert 5 < len(found["faults"]) < 30
    for fault in found["faults"]:
        numbers = f"{fault['centidegrees'] / 100:.2f},{fault['pascals'] / 100:.2f}"
        assert f"{fault['time']},{fault['device']},{numbers}" in lines
        assert fault["fault"] in ("spike", "leak")
    assert sum(sums["events"] for sums in found["totals"].values()) == 3_000


def test_only_the_scenario_s_own_files_count() -> None:
    log = entry("access-log", AccessLog(1).account(b'a - - [t] "GET /a HTTP/1.1" 200 5\nodd\n'))
    entries = [*ORDERS, log, *ACTIONS]
    assert expected(entries, "orders") == expected(ORDERS, "orders")
    assert expected(entries, "access-log") == {
        "scenario": "access-log",
        "lines": 2,
        "malformed": 1,
        "totals": {"/a": {"events": 1}},
        "late": [],
    }
    assert expected(entries, "sensors")["lines"] == 0


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([name for name, kind in SCENARIOS.items() if kind.fields]),
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
    st.integers(1, 200),
    st.integers(1, 30),
)
def test_any_cut_into_files_gives_the_same_truth(
    name: str, cuts: list[int], slide: int, slides: int
) -> None:
    whole, scenario = SCENARIOS[name](5, 0.1).generate(sum(cuts)), SCENARIOS[name](5, 0.1)
    parts = [entry(name, scenario.generate(cut), n) for n, cut in enumerate(cuts, 1)]
    asked = {"window": slide * slides, "slide": slide}
    if name == "actions":
        asked |= {"gap": slide * slides, "late": slide}
    one = expected([entry(name, whole)], name, **asked)
    assert expected(parts, name, **asked) == one
    read_back = [ledger.Entry.decode(part.encode()) for part in parts]
    assert expected(read_back, name, **asked) == one


def test_a_recount_of_the_lines_on_its_own_agrees() -> None:
    batch = SCENARIOS["actions"](2, 0.05).generate(20_000)
    shape = r'^\{"time":"(\S{13})(:\d\d:\d\d)Z","user":"(u\d+)","action":"([a-z]+)"\}$'
    whole = re.findall(shape, batch.data.decode(), re.MULTILINE)
    assert 18_500 < len(whole) < 19_500
    found = expected([entry("actions", batch)], "actions", window=3600, gap=1800)
    hours = Counter((f"{hour}:00:00Z", action) for hour, _, _, action in whole)
    assert {(row["start"], row["key"]): row["events"] for row in found["windows"]} == hours

    by_user = defaultdict(list)
    for hour, rest, user, _ in sorted(whole):
        by_user[user].append(datetime.fromisoformat(hour + rest))
    new = timedelta(minutes=30)
    begun = sum(1 + sum(b - a > new for a, b in pairwise(times)) for times in by_user.values())
    assert len(found["sessions"]) == begun > 2_000


def test_an_entry_with_other_fields_is_an_error() -> None:
    odd = ledger.Entry("orders-000001.log", 1, 0, "", None, None, {}, 0, {"time": [1], "who": [2]})
    fact = "its events do not have the fields t"
    with pytest.raises(LedgerError, match=rf"^orders-000001.log: {fact}"):
        expected([odd], "orders")


def test_it_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "spool").mkdir()
    path = tmp_path / "ledger.jsonl"
    spool = Spool(tmp_path / "spool", path)
    spool.recover()
    scenario = SCENARIOS["actions"](1, 0.1)
    for _ in range(3):
        spool.publish(scenario.generate(200), "actions")
    options = ["--scenario", "actions", "--window", "3600", "--slide", "60", "--gap", "1800"]
    assert expecting.main(["--ledger", str(path), *options, "--late", "600"]) == 0
    output, error = capsys.readouterr()
    assert (output.count("\n"), error) == (1, "")
    entries = ledger.read(path)
    assert json.loads(output) == expected(
        entries, "actions", window=3600, slide=60, gap=1800, late=600
    )


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], "command line: the following arguments are required: --ledger; see python -m"),
        (["--slide", "1"], "--slide: there are no windows without --window; give both"),
        (
            ["--window", "1", "--slide", "2"],
            "--slide: events between two windows would not be counted; give ",
        ),
        (["--window", "0"], "--window: '0' cannot be used; give a whole number from 1 up"),
        (["--window", "9"], "--window: for access-log the ledger has totals only; leave it out"),
        (["--scenario", "orders", "--gap", "9"], "--gap: orders has no users' sessions; leave it"),
    ],
)
def test_a_bad_option_is_reported_on_one_line(
    given: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expecting.main([*(["--ledger", "none.jsonl"] if given else []), *given]) == 2
    output, shown = capsys.readouterr()
    assert (output, shown.count("\n")) == ("", 1)
    assert shown.startswith(f"loadgen: {error}")
