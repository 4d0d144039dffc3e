"""A sign that was found, in one sentence: the place, the fact and the remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """What a sign means for the lines that come."""

    STUCK = "stuck"
    """Lines wait, and none of them moves on."""
    LOSS = "loss"
    """Lines are lost or counted twice."""
    WARNING = "warning"
    """Lines move, but not as the conf or the program seems to mean."""


@dataclass(frozen=True)
class Sign:
    """A known sign in one part of the lab.

    :param name: its name in known.toml
    :param part: the service, as `flumelab status` names it
    :param place: the component, file or stream
    :param since: when it began, in seconds since 1970; None if nothing tells
    """

    name: str
    part: str
    level: Level
    place: str
    fact: str
    remedy: str
    since: float | None = None

    @property
    def sentence(self) -> str:
        """The place, the fact and the remedy, without the time."""
        return f"{self.place}: {self.fact}; {self.remedy}"

    def as_json(self) -> dict[str, Any]:
        """As ``--json`` prints it; `since` is a time in UTC, ``2026-11-28T14:03:21Z``."""
        since = self.since and datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds")
        return {
            "sign": self.name,
            "part": self.part,
            "level": str(self.level),
            "since": since.replace("+00:00", "Z") if since else None,
            "place": self.place,
            "fact": self.fact,
            "remedy": self.remedy,
        }

    @classmethod
    def of_json(cls, printed: Mapping[str, Any]) -> "Sign":
        """Return the sign that another `flumelab` has printed."""
        since = printed["since"]
        return cls(
            printed["sign"],
            printed["part"],
            Level(printed["level"]),
            printed["place"],
            printed["fact"],
            printed["remedy"],
            datetime.fromisoformat(since).timestamp() if since else None,
        )
