"""Scenario `actions`: what the users of an app do, in sessions, as JSON; some events are late.

    {"time":"2026-01-01T00:00:03Z","user":"u0017","action":"search"}

In a user's session, two actions are at most 5 minutes apart; between two sessions there is at least
an hour. So any session gap between these two finds the same sessions.

Most events are sent as they happen. Some are sent up to a minute late, and so out of order. A few
are sent four to eight hours late, as from a phone that was off. On windows of up to an hour, a
watermark of a minute to an hour drops these few and no others, provided that no micro-batch spans
more than an hour of event time (about a thousand lines): Spark may apply a watermark two batches
later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count, islice
from random import Random

from loadgen.scenarios.event_scenario import START, TIME, EventScenario, second_of
from loadgen.scenarios.random_column import RandomColumn
from loadgen.scenarios.scenario import Events

# The ledger's rule: the whole line is one JSON object (RFC 8259), in which "time" (in the form of
# `TIME`), "user" and "action" are non-empty strings. It may have other fields as well.
TIME_FIELD = re.compile(TIME)

USERS = [f"u{number:04}" for number in range(1, 501)]
ACTIONS = {"view": 60, "search": 20, "add": 10, "buy": 4, "share": 4, "help": 2}
CONTINUE_PROBABILITY = 0.85  # of one more action in a session, which gives about seven
SECONDS_WITHIN = (1, 300)
SECONDS_BETWEEN = (3_600, 18_000)
LATE = {"": 94, "out of order": 5, "late": 1}
SECONDS_LATE = {"out of order": (1, 60), "late": (4 * 3_600, 8 * 3_600)}

Event = tuple[int, str, str]  # time, user, action


class Actions(EventScenario):
    """Five hundred users; event time starts at 2026-01-01 UTC and advances, except in late events.

    The seed decides which user does what and when, and which events are late.
    """

    fields = ("time", "user", "action")
    key = "action"
    sums = ()
    head = '{"time":"'
    malformed_rests = (
        '","user":"u0001","action":"view"',
        '","user":"u0001","act',
        "','user':'u0001','action':'view'}",
        '","user":null,"action":"view"}',
        '","user":"u0001","action":7}',
        '","user":"u0001"}',
        '","user":"u0001","action":""}',
        '+01:00","user":"u0001","action":"view"}',
    )

    def __init__(self, seed: int, malformed: float = 0.0) -> None:
        super().__init__(seed, malformed)
        self._sent = _as_sent(_as_done(seed), seed)

    def draw(self, lines: int) -> tuple[Events, list[str]]:
        times, users, actions = map(list, zip(*islice(self._sent, lines), strict=True))
        rests = [
            f'","user":"{user}","action":"{action}"}}'
            for user, action in zip(users, actions, strict=True)
        ]
        return {"time": times, "user": users, "action": actions}, rests

    def read(self, line: str) -> Event | None:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(record, dict):
            return None
        match [record.get(field) for field in self.fields]:
            case [str(stamp), str(user), str(action)] if user and action:
                time = second_of(stamp) if TIME_FIELD.fullmatch(stamp) else None
                return None if time is None else (time, user, action)
        return None


def _as_done(seed: int) -> Iterator[Event]:
    """Yield everything that the users do, in the order in which they do it."""
    draw = Random(f"users {seed}")
    actions = RandomColumn(f"actions {seed}", ACTIONS.items())
    next_ones = [(START + draw.randint(0, SECONDS_BETWEEN[1]), user) for user in USERS]
    heapify(next_ones)
    while True:
        time, user = next_ones[0]
        [action] = actions.draw(1)
        yield time, user, action
        pause = SECONDS_WITHIN if draw.random() < CONTINUE_PROBABILITY else SECONDS_BETWEEN
        heapreplace(next_ones, (time + draw.randint(*pause), user))


def _as_sent(done: Iterator[Event], seed: int) -> Iterator[Event]:
    """Yield the same events in the order in which they are sent."""
    draw = Random(f"delays {seed}")
    lateness = RandomColumn(f"late {seed}", LATE.items())
    numbers = count()  # events due in the same second are sent in the order in which they happened
    held: list[tuple[int, int, Event]] = []
    for event in done:
        while held and held[0][0] < event[0]:
            yield heappop(held)[2]
        [late] = lateness.draw(1)
        if late:
            due = event[0] + draw.randint(*SECONDS_LATE[late])
            heappush(held, (due, next(numbers), event))
        else:
            yield event
