from __future__ import annotations

import json
from collections import defaultdict
from itertools import accumulate, pairwise

import pytest

from loadgen.scenarios.actions import ACTIONS, Actions
from loadgen.scenarios.event_scenario import START

LINE = b'{"time":"2026-01-01T00:00:03Z","user":"u1","action":"view"}'


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        b" " + LINE.replace(b",", b" ,\t") + b"\r",
        LINE.replace(b"{", b'{"more":[1,{"time":0}],'),
        LINE.replace(b"view", b"\\u0076iew"),
        b'{"action":"buy",' + LINE[1:],  # of two equal names, the last one counts
    ],
)
def test_an_action_is_a_json_object_with_three_strings(line: bytes) -> None:
    batch = Actions(1).account(line)
    assert batch.events == {"time": [START + 3], "user": ["u1"], "action": ["view"]}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"view"',
        b"[" * 100_000,
        b"9" * 10_000,
        LINE[:-1],
        LINE + b",",
        LINE + LINE,
        b"\xef\xbb\xbf" + LINE,
        LINE.replace(b'"', b"'"),
        LINE.replace(b'"view"', b"7"),
        LINE.replace(b'"view"', b'""'),
        LINE.replace(b'"view"', b'["view"]'),
        LINE.replace(b'"u1"', b"null"),
        LINE.replace(b"user", b"User"),
        LINE.replace(b'"2026-01-01T00:00:03Z"', b"1767225603"),
        LINE.replace(b"03Z", b"03.5Z"),
        LINE.replace(b'03Z"', b'03Z "'),
    ],
)
def test_any_other_line_is_malformed(line: bytes) -> None:
    assert Actions(1).account(line + b"\n").malformed == 1


@pytest.fixture(scope="module")
def sent() -> list[tuple[int, str, str]]:
    events = Actions(1).generate(40_000).events
    assert events
    return list(zip(events["time"], events["user"], events["action"], strict=True))


def test_each_event_is_on_time_out_of_order_or_hours_late(
    sent: list[tuple[int, str, str]],
) -> None:
    latest = accumulate((time for time, _, _ in sent), max)
    lateness = [last - time for last, (time, _, _) in zip(latest, sent, strict=True)]
    out_of_order = [late for late in lateness if 0 < late <= 60]
    late = [late for late in lateness if late > 60]
    assert 1_200 < len(out_of_order) < 2_000
    assert 250 < len(late) < 450
    assert 4 * 3600 - 60 < min(late) < max(late) <= 8 * 3600


def test_any_gap_from_minutes_to_an_hour_finds_the_same_sessions(
    sent: list[tuple[int, str, str]],
) -> None:
    by_user = defaultdict(list)
    for time, user, _ in sorted(sent):
        by_user[user].append(time)
    end = max(time for time, _, _ in sent) - 8 * 3600  # later, some events have not been sent yet
    gaps = [b - a for times in by_user.values() for a, b in pairwise(times) if b < end]
    assert len(by_user) == 500
    assert not [gap for gap in gaps if 300 * 3 < gap < 3600]
    within = [gap for gap in gaps if gap <= 900]
    assert max(within) <= 300
    assert 5 < len(gaps) / (len(gaps) - len(within)) < 8  # actions in a session


def test_the_lines_are_json_and_name_known_actions() -> None:
    lines = Actions(1).generate(1_000).data.splitlines()
    assert {json.loads(line)["action"] for line in lines} == set(ACTIONS)
    assert all(list(json.loads(line)) == ["time", "user", "action"] for line in lines)
