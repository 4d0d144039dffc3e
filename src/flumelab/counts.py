"""Hits by URL: as generated, and as counted."""

from dataclasses import dataclass, field

MALFORMED = "malformed line"
"""The key under which lines without a URL are counted; no URL has a space in it."""


@dataclass(frozen=True)
class Counts:
    """What has been counted so far."""

    urls: dict[str, int] = field(default_factory=dict)
    malformed: int = 0

    @property
    def lines(self) -> int:
        """All lines that were counted under some URL."""
        return sum(self.urls.values())
