"""Events as a test writes them."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark_flume.events.record import encode_event

PlainEvent = str | bytes | tuple[Mapping[str, str], str | bytes]
"""A body, or ``(headers, body)``; a text is encoded as UTF-8."""


def encode(events: Iterable[PlainEvent]) -> list[bytes]:
    """Return each event as Flume's protocol and the landing log have it.

    Raises `TypeError` for what is no list of events, with the number of the wrong one, from 0 on.
    """
    if isinstance(events, (str, bytes, Mapping)):
        raise TypeError(f"{events!r:.60} is one event; give a list of events")
    return [_encode(number, event) for number, event in enumerate(events)]


def _encode(number: int, event: Any) -> bytes:
    headers, body = event if isinstance(event, tuple) and len(event) == 2 else ({}, event)
    texts = [*headers, *headers.values()] if isinstance(headers, Mapping) else [headers]
    if not isinstance(body, (str, bytes)) or not all(isinstance(text, str) for text in texts):
        raise TypeError(
            f"event {number} is {event!r:.60}; give a str, bytes, or (headers, body), where all "
            "headers are str"
        )
    return encode_event(headers, body.encode() if isinstance(body, str) else body)
