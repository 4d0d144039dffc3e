"""Signs in the conf of an agent that runs: what Flume leaves out without a word."""

from collections.abc import Iterator

from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Kind, Snapshot

LISTS = ("sources", "channels", "sinks", "sinkgroups")


def conf_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield each component that is configured but not listed."""
    for kind in LISTS:
        listed = snapshot.conf.get(kind, "").split()
        configured = {key.split(".")[1] for key in snapshot.conf if key.startswith(f"{kind}.")}
        for name in sorted(configured - set(listed)):
            yield known()["part-not-listed"].sign(
                snapshot.part(Kind.FLUME),
                None,
                agent=snapshot.agent,
                kind=kind,
                component=name,
                listed=" ".join([*listed, name]),
            )
