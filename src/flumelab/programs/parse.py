"""The lines of the lessons' scenarios, read: each from an event's body, None where it is malformed.

They follow the rules that `loadgen.scenarios` states for its ledger. Each of these functions can be
the `bodyDecoder` of a stream.
"""

import json
import re
from datetime import datetime
from typing import NamedTuple

TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z"
_TIME = re.compile(TIME)
_MESSAGE = re.compile(rf"({TIME}) \S+(\s.*)", re.DOTALL)
_ORDER = re.compile(rf"({TIME}),[^,\s]+,([^,\s]+),([0-9]{{1,6}}),([0-9]{{1,9}})\.([0-9]{{2}})\r?")
_READING = re.compile(
    rf"({TIME}),([^,\s]+),(-?[0-9]{{1,6}}\.[0-9]{{2}}),([0-9]{{1,6}}\.[0-9]{{2}})\r?"
)


class Message(NamedTuple):
    """``2026-01-01T00:00:03Z ada learning about #spark``"""

    time: datetime
    hashtags: list[str]


class Order(NamedTuple):
    """``2026-01-01T00:00:03Z,1-0000002,espresso,2,3.20``; `cents`: what it brings in."""

    time: datetime
    product: str
    quantity: int
    cents: int


class Reading(NamedTuple):
    """``2026-01-01T00:00:03Z,hall-04,29.74,1044.81``: degrees Celsius, hectopascals."""

    time: datetime
    device: str
    temperature: float
    pressure: float


class Action(NamedTuple):
    """``{"time":"2026-01-01T00:00:03Z","user":"u0017","action":"search"}``"""

    time: datetime
    user: str
    action: str


def message(body: bytes) -> Message | None:
    """A message's hashtags are its words that begin with ``#``."""
    match = _MESSAGE.fullmatch(_text(body))
    time = match and _time(match[1])
    if not match or not time:
        return None
    return Message(time, [word for word in match[2].split() if word.startswith("#")])


def order(body: bytes) -> Order | None:
    """Money in whole cents: it is no matter for floats."""
    match = _ORDER.fullmatch(_text(body))
    time = match and _time(match[1])
    if not match or not time:
        return None
    quantity = int(match[3])
    return Order(time, match[2], quantity, quantity * int(match[4] + match[5]))


def reading(body: bytes) -> Reading | None:
    """What a device measured."""
    match = _READING.fullmatch(_text(body))
    time = match and _time(match[1])
    if not match or not time:
        return None
    return Reading(time, match[2], float(match[3]), float(match[4]))


def action(body: bytes) -> Action | None:
    """A JSON object in which the three are texts that are not empty."""
    try:
        found = json.loads(_text(body))
    except (ValueError, RecursionError):
        return None
    match found:
        case {"time": str(stamp), "user": str(user), "action": str(what)} if user and what:
            time = _time(stamp) if _TIME.fullmatch(stamp) else None
            return Action(time, user, what) if time else None
    return None


def _text(body: bytes) -> str:
    return bytes(body).decode("utf-8", errors="replace")


def _time(text: str) -> datetime | None:
    """None if the calendar has no such time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
