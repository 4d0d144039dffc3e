"""Totals by key: the generator's true totals, and those that the programs counted."""

from dataclasses import dataclass, field

MALFORMED = "malformed line"
"""The key under which malformed lines are counted; no other key equals it."""


@dataclass(frozen=True)
class Counts:
    """What has been counted so far: a value for each key, and the number of malformed lines.

    A key is what the lesson counts: a URL, a product, an hour with an action.
    """

    totals: dict[str, int] = field(default_factory=dict)
    malformed: int = 0

    @property
    def total(self) -> int:
        """The sum of all values, without malformed lines."""
        return sum(self.totals.values())

    def by_key(self) -> dict[str, int]:
        """The totals, with malformed lines as one more key if there are any."""
        return self.totals | ({MALFORMED: self.malformed} if self.malformed else {})
