"""Calls that wait for their answers on one connection."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

Call = TypeVar("Call")


class Outcome(Protocol):
    """Whether a batch was stored; an `asyncio.Future` is one."""

    def done(self) -> bool:
        """Whether that is known."""

    def result(self) -> bool:
        """Whether the batch is durable."""


class PendingAnswers(Generic[Call]):
    """Calls in the order in which they arrived, which is the order of their answers."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Call, Outcome | None]] = deque()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: Call, outcome: Outcome | None) -> None:
        """Make `call` wait for the outcome of its batch; None if it has no batch."""
        self._calls.append((call, outcome))

    def take_settled(self) -> Iterator[tuple[Call, bool]]:
        """Remove and yield each call that can be answered now, and whether its batch was stored.

        A call whose batch is not settled holds up those after it. A call without a batch yields
        True.
        """
        while self._calls:
            call, outcome = self._calls[0]
            if outcome and not outcome.done():
                return
            self._calls.popleft()
            yield call, outcome.result() if outcome else True
