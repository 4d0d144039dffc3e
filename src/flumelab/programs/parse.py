"""Parsers of the lines that the generator's scenarios make; each can be a stream's `bodyDecoder`.

`message`, `order`, `reading` and `action` return None for a malformed line. `url`, `hashtags`,
`sale` and `takings` return what a lesson counts, with `MALFORMED` as the key of a malformed line.
`loadgen.scenarios` uses the same rules for its ledger.

Spark's Python workers import this module, so it imports nothing slow.
"""

import json
import re
from datetime import datetime
from typing import NamedTuple

from flumelab.counts import MALFORMED

# client identity user [time] "METHOD URL HTTP/version" status bytes "referer" "user agent"
LINE = re.compile(
    r'\S+ \S+ [^\[]+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/[\d.]+" \d{3} (?:\d+|-)'
    r'(?: "[^"\\]*(?:\\.[^"\\]*)*" "[^"\\]*(?:\\.[^"\\]*)*")?\s*',
    re.ASCII,
)
"""A line of an access log; the group is the URL. spark-apps/url_counts.py has the same pattern."""

TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z"
_TIME = re.compile(TIME)
_MESSAGE = re.compile(rf"({TIME}) \S+(\s.*)", re.DOTALL)
_ORDER = re.compile(rf"({TIME}),[^,\s]+,([^,\s]+),([0-9]{{1,6}}),([0-9]{{1,9}})\.([0-9]{{2}})\r?")
_READING = re.compile(
    rf"({TIME}),([^,\s]+),(-?[0-9]{{1,6}}\.[0-9]{{2}}),([0-9]{{1,6}}\.[0-9]{{2}})\r?"
)

ORDER_SCHEMA = "time timestamp, product string, quantity int, cents long"
READING_SCHEMA = "time timestamp, device string, temperature double, pressure double"
ACTION_SCHEMA = "time timestamp, user string, action string"
"""The columns of a ``udf`` of `order`, `reading` or `action`; null for a malformed line."""


class Message(NamedTuple):
    """``2026-01-01T00:00:03Z ada learning about #spark``"""

    time: datetime
    hashtags: list[str]


class Order(NamedTuple):
    """``2026-01-01T00:00:03Z,1-0000002,espresso,2,3.20``; `cents`: quantity times price."""

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


def url_of(line: str) -> str:
    """Return the URL that a line of an access log asks for, or `MALFORMED`."""
    match = LINE.fullmatch(line)
    return match[1] if match else MALFORMED


def url(body: bytes) -> str:
    """Return the URL that a line of an access log asks for, or `MALFORMED`."""
    return url_of(_text(body))


def message(body: bytes) -> Message | None:
    """Parse a message; its hashtags are the words that begin with ``#``."""
    match = _MESSAGE.fullmatch(_text(body))
    time = match and _time(match[1])
    if not match or not time:
        return None
    return Message(time, [word for word in match[2].split() if word.startswith("#")])


def hashtags(body: bytes) -> list[str]:
    """Return a message's hashtags, or `MALFORMED` alone."""
    found = message(body)
    return found.hashtags if found else [MALFORMED]


def order(body: bytes) -> Order | None:
    """Parse an order. Money is in whole cents, because floats would round it."""
    match = _ORDER.fullmatch(_text(body))
    time = match and _time(match[1])
    if not match or not time:
        return None
    quantity = int(match[3])
    return Order(time, match[2], quantity, quantity * int(match[4] + match[5]))


def sale(body: bytes) -> tuple[str, int]:
    """Return an order's ``(product, quantity)``, or ``(MALFORMED, 1)``."""
    found = order(body)
    return (found.product, found.quantity) if found else (MALFORMED, 1)


def takings(body: bytes) -> tuple[str, int]:
    """Return an order's ``(product, cents)``, or ``(MALFORMED, 1)``."""
    found = order(body)
    return (found.product, found.cents) if found else (MALFORMED, 1)


def reading(body: bytes) -> Reading | None:
    """Parse what a device measured."""
    match = _READING.fullmatch(_text(body))
    time = match and _time(match[1])
    if not match or not time:
        return None
    return Reading(time, match[2], float(match[3]), float(match[4]))


def action(body: bytes) -> Action | None:
    """Parse a JSON object whose time, user and action are non-empty strings."""
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
    """Return the time, or None if it does not exist in the calendar."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
