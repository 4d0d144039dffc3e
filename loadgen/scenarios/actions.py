"""Scenario `actions`: what the users of an app do, in sessions, as JSON; some of it comes late.

    {"time":"2026-01-01T00:00:03Z","user":"u0017","action":"search"}

In a session of a user, two actions are 5 minutes or less apart; between two sessions there is an
hour or more. So any gap in between tells the sessions.

Most events are sent as they happen. Some come up to a minute late, and thereby out of order. A few
come four to eight hours late, as from a phone that was off. On windows of up to an hour, a
watermark of a minute to an hour drops these and no other, if no micro-batch spans more than an hour
of event time, which is some thousand lines: Spark may apply a watermark two batches later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count, islice
from random import Random

from loadgen.scenarios.batch import Events
from loadgen.scenarios.draw import Column
from loadgen.scenarios.events import START, TIME, EventScenario, second_of

# The ledger's rule: a whole line is one JSON object (RFC 8259), in which "time", of the form
# `TIME`, "user" and "action" are strings that are not empty; it may have other fields, too.
TIME_FIELD = re.compile(TIME)

USERS = [f"u{number:04}" for number in range(1, 501)]
ACTIONS = {"view": 60, "search": 20, "add": 10, "buy": 4, "share": 4, "help": 2}
GO_ON = 0.85  # with this probability a session has one more action: some seven in all
SECONDS_WITHIN = (1, 300)
SECONDS_BETWEEN = (3_600, 18_000)
LATE = {"": 94, "out of order": 5, "late": 1}
SECONDS_LATE = {"out of order": (1, 60), "late": (4 * 3_600, 8 * 3_600)}

Event = tuple[int, str, str]  # time, user, action


class Actions(EventScenario):
    """Five hundred users, in event time that advances from 2026-01-01 UTC, but for late events.

    The seed decides who does what and when, and what comes late.
    """

    fields = ("time", "user", "action")
    key = "action"
    sums = ()
    head = '{"time":"'
    broken = (
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
    """All that the users do, in the order in which they do it."""
    draw = Random(f"users {seed}")
    actions = Column(f"actions {seed}", ACTIONS.items())
    next_ones = [(START + draw.randint(0, SECONDS_BETWEEN[1]), user) for user in USERS]
    heapify(next_ones)
    while True:
        time, user = next_ones[0]
        [action] = actions.draw(1)
        yield time, user, action
        pause = SECONDS_WITHIN if draw.random() < GO_ON else SECONDS_BETWEEN
        heapreplace(next_ones, (time + draw.randint(*pause), user))


def _as_sent(done: Iterator[Event], seed: int) -> Iterator[Event]:
    """The same events in the order in which they are sent."""
    draw = Random(f"delays {seed}")
    lateness = Column(f"late {seed}", LATE.items())
    numbers = count()  # among those that are due in one second, first come, first sent
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
