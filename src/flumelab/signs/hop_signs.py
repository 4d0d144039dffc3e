"""Signs in the numbers of the hops: what Spark does not count, and what the ledger cannot see."""

from collections.abc import Iterator

from flumelab.signs.agent import Agent, number
from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Kind, Snapshot


def hop_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield a sign for lines that were sent a while ago, and one for those not spooled."""
    hops = dict(snapshot.hops)
    more = hops.get("Flume received", 0) - hops.get("spooled", 0)
    if "spooled" in hops and more > 0:
        yield from _unseen(snapshot, more)
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


def _unseen(snapshot: Snapshot, more: int) -> Iterator[Sign]:
    for source in Agent(snapshot).sources:
        if source.settings.get("deletePolicy", "").lower() == "immediate":
            yield known()["spooled-too-low"].sign(
                snapshot.part(Kind.FLUME),
                None,
                folder=source.settings.get("spoolDir", ""),
                source=source.name,
                more=number(more, "line"),
            )
