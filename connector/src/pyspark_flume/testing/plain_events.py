"""Events as a test writes them."""

from collections.abc import Iterable, Mapping

from pyspark_flume.events.record import encode_event

PlainEvent = str | bytes | tuple[Mapping[str, str], str | bytes]
"""A body, or ``(headers, body)``; a text is encoded as UTF-8."""


def encode(events: Iterable[PlainEvent]) -> list[bytes]:
    """Return each event as Flume's protocol and the landing log have it."""
    pairs = (event if isinstance(event, tuple) else ({}, event) for event in events)
    return [
        encode_event(headers, body.encode() if isinstance(body, str) else body)
        for headers, body in pairs
    ]
