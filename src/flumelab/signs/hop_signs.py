"""Signs in the numbers of the hops: events that Spark has, and does not count."""

from collections.abc import Iterator

from flumelab.signs.agent import number
from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Kind, Snapshot


def hop_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield a sign if all was sent for a while, and is not counted."""
    hops = dict(snapshot.hops)
    sent, counted = hops.get("Flume sent", 0), hops.get("counted", 0)
    since = max(
        (
            counters.get("EventDrainSuccessCount", 0.0)
            for name, counters in snapshot.moved.items()
            if name.startswith("SINK.")
        ),
        default=snapshot.now,
    )
    program = snapshot.part(Kind.PROGRAM)
    if program and sent > counted and snapshot.now - since >= snapshot.still_seconds:
        yield known()["not-counted"].sign(
            program, since, sent=number(sent, "line"), missing=f"{sent - counted:,}"
        )
