"""The base of the scenarios whose ledger keeps every event: each line has a time and a rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import compress
from random import Random
from time import gmtime, strftime
from typing import Any, ClassVar

from loadgen.scenarios.random_column import RandomColumn
from loadgen.scenarios.scenario import Batch, Events, Scenario

START = 1_767_225_600  # 2026-01-01T00:00:00Z
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z"
"""The regular expression of an event's time: RFC 3339, in UTC, to the second."""


class EventScenario(Scenario, ABC):
    """Lines of the form `head` + time + rest: `draw` makes the rest, `read` reads a whole line.

    `read` gets a line without its "\\n", decoded as UTF-8 with errors="replace".
    """

    head: ClassVar[str] = ""
    malformed_rests: ClassVar[Sequence[str]]
    """What a malformed line has after its time; each breaks the rule in a different way."""

    def __init__(self, seed: int, malformed: float = 0.0) -> None:
        self._malformed = malformed
        self._chance = Random(f"spoil {seed}").random
        self._malformed_rests = RandomColumn(
            f"broken {seed}", [(text, 1) for text in self.malformed_rests]
        )

    @abstractmethod
    def draw(self, lines: int) -> tuple[Events, list[str]]:
        """Draw the next `lines` events, and the part of each line after the time."""

    @abstractmethod
    def read(self, line: str) -> tuple[Any, ...] | None:
        """Read the event in a line, a value for each field; None if the line is malformed."""

    def generate(self, lines: int) -> Batch:
        """Make the next `lines` (1 or more) lines; their truth is what was drawn, not parsed."""
        events, rests = self.draw(lines)
        stamps = {second: stamp(second) for second in set(events["time"])}
        times = [stamps[second] for second in events["time"]]
        if self._malformed:
            whole = [self._chance() >= self._malformed for _ in range(lines)]
            for line, is_whole in enumerate(whole):
                if not is_whole:
                    [rests[line]] = self._malformed_rests.draw(1)
            events = {name: list(compress(column, whole)) for name, column in events.items()}

        # One join over interleaved columns takes half the time of a formatted string per line.
        parts = ["\n"] * (4 * lines)
        parts[0::4] = [self.head] * lines
        parts[1::4] = times
        parts[2::4] = rests
        return _batch("".join(parts).encode(), lines, events)

    def account(self, data: bytes) -> Batch:
        """Find the truth about given lines, by the scenario's rule (`read`)."""
        lines = data.decode("utf-8", "replace").split("\n")
        if not lines[-1]:
            lines.pop()
        rows = [row for row in map(self.read, lines) if row]
        columns = zip(*rows, strict=True) if rows else [()] * len(self.fields)
        events = dict(zip(self.fields, map(list, columns), strict=True))
        return _batch(data, len(lines), events)


def stamp(second: int) -> str:
    """Return the time as it is written in lines."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(second))


def second_of(text: str) -> int | None:
    """Return the second of a text in the form of `TIME`; None if that time does not exist."""
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return None


def _batch(data: bytes, lines: int, events: Events) -> Batch:
    times = events["time"]
    return Batch(
        data=data,
        lines=lines,
        malformed=lines - len(times),
        first_event_time=datetime.fromtimestamp(min(times), UTC) if times else None,
        last_event_time=datetime.fromtimestamp(max(times), UTC) if times else None,
        events=events,
    )
