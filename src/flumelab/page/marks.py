"""Notices what happens to a lab: fed, a part dead or back, balanced."""

from collections import deque
from collections.abc import Sequence

from flumelab.page.state import DEAD, DOWN, RUNNING, STUCK, Ledger, Mark, Part

MARKS_KEPT = 50
IDLE_SECONDS = 3.0
"""A generator that has written nothing for so long has ended its feed."""
BALANCED = ("balanced", "right")


class Marks:
    """The marks of one lab, the oldest first."""

    def __init__(self) -> None:
        self._marks: deque[Mark] = deque(maxlen=MARKS_KEPT)
        self._states: dict[str, str] | None = None
        self._cut = False
        self._balanced_at: float | None = None
        self._lines: int | None = None
        self._fed_from = 0
        self._fed_at = 0.0
        self._grew_at = 0.0
        self._feeding = False
        self.balanced_after: float | None = None
        """Seconds from the first line of the last feed until it was balanced."""

    @property
    def all(self) -> Sequence[Mark]:
        """The marks, the oldest first."""
        return tuple(self._marks)

    def add(self, time: float, kind: str, text: str) -> None:
        """Add something that happened, which may be a few seconds ago."""
        later = []
        while self._marks and self._marks[-1].time > time:
            later.append(self._marks.pop())
        self._marks.extend([Mark(time, kind, text), *reversed(later)])

    def look_at_parts(self, time: float, parts: Sequence[Part]) -> None:
        """Compare the parts' states with the last ones."""
        states = {part.name: part.state for part in parts}
        before = self._states
        self._states = states
        if before is None:
            return
        for name in before.keys() | states.keys():
            was, now = before.get(name, DOWN), states.get(name, DOWN)
            if now == was:
                continue
            if now == RUNNING:
                self.add(time, "back" if was in (DEAD, STUCK) else "up", f"{name} runs")
            elif now == DEAD:
                self.add(time, "dead", f"{name} died")
            elif now == STUCK:
                self.add(time, "stuck", f"{name} is stuck")
            elif now == DOWN:
                self.add(time, "down", f"{name} was stopped")

    def look_at_link(self, time: float, cut: bool) -> None:
        """Compare the connection between sink and receiver with what it was."""
        before, self._cut = self._cut, cut
        if cut and not before:
            self.add(time, "cut", "connection cut")
        elif before and not cut:
            self.add(time, "mended", "connection mended")

    def look_at_feed(self, time: float, lines: int) -> None:
        """Compare the generator's lines with the last ones."""
        before, self._lines = self._lines, lines
        if before is None or lines < before:
            return
        if lines > before:
            if not self._feeding:
                self._feeding, self._fed_at, self._fed_from = True, time, before
                self.balanced_after = None
                self.add(time, "fed", "fed")
            self._grew_at = time
            self._rename_last("fed", f"fed {lines - self._fed_from:,} lines")
        elif time - self._grew_at > IDLE_SECONDS:
            self._feeding = False

    def look_at_ledger(self, time: float, ledger: Ledger | None) -> None:
        """Note when the feed was balanced.

        That is said once the feed has ended: a slow one is balanced again and again.
        """
        if not ledger or ledger.verdict not in BALANCED:
            self._balanced_at = None
            return
        if self._balanced_at is None or self._balanced_at < self._grew_at:
            self._balanced_at = time
        ended = time - self._grew_at >= IDLE_SECONDS
        if self._fed_at and self.balanced_after is None and ended:
            self.balanced_after = self._balanced_at - self._fed_at
            self.add(self._balanced_at, "balanced", f"balanced after {self.balanced_after:.0f} s")

    def _rename_last(self, kind: str, text: str) -> None:
        for place in range(len(self._marks) - 1, -1, -1):
            mark = self._marks[place]
            if mark.kind == kind:
                self._marks[place] = Mark(mark.time, kind, text)
                return
