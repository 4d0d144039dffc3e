"""Signs in the conf of an agent that runs: what Flume does or leaves out without a word."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from flumelab.signs.agent import Agent, Component
from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Kind, Snapshot

LISTS = ("sources", "channels", "sinks", "sinkgroups")


def conf_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield each component that is not configured or not listed, or that reads what it writes."""
    part = snapshot.part(Kind.FLUME)
    for source in Agent(snapshot).sources:
        if source.is_a("taildir", "org.apache.flume.source.taildir.TaildirSource"):
            yield from _own_positions(part, source)
    for kind in LISTS:
        listed = snapshot.conf.get(kind, "").split()
        configured = {key.split(".")[1] for key in snapshot.conf if key.startswith(f"{kind}.")}
        values = {"agent": snapshot.agent, "kind": kind}
        for name in sorted(set(listed) - configured):
            yield known()["part-without-settings"].sign(part, None, **values, component=name)
        for name in sorted(configured - set(listed)):
            yield known()["part-not-listed"].sign(
                part,
                None,
                **values,
                component=name,
                listed=" ".join([*listed, name]),
            )


def _own_positions(part: str, source: Component) -> Iterator[Sign]:
    file = PurePosixPath(source.settings.get("positionFile", "~/.flume/taildir_position.json"))
    for group in source.names("filegroups"):
        folder, _, pattern = source.settings.get(f"filegroups.{group}", "").rpartition("/")
        if str(file.parent) == folder and _matches(pattern, file.name):
            yield known()["reads-its-own-positions"].sign(
                part,
                source.moved.get("EventAcceptedCount"),
                prefix=source.prefix,
                file=file,
                group=group,
            )


def _matches(pattern: str, name: str) -> bool:
    try:
        return bool(re.fullmatch(pattern, name))
    except re.error:  # Java may know what Python does not
        return False
