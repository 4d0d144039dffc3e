"""The agent that is started: ``flume-ng agent --name NAME``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import Conf
from flumelint.names import nearest
from flumelint.properties import Span
from flumelint.rules.rule import BASE, rule

_PRAGMA = re.compile(r"flumelint:\s*agent\s*=\s*(\S+)")


@rule(
    "no-such-agent",
    Severity.IDLE,
    whole=True,
    summary="the agent that is started is not in the file",
    flume="Flume logs `No configuration found for this host:a2` and runs on with nothing to do.",
    harm="The agent stays up and does nothing. This program knows the name from --agent, or from a "
    "comment in the file.",
    wrong=f"# flumelint: agent=a2\n{BASE}",
    right=f"# flumelint: agent=a1\n{BASE}",
)
def no_such_agent(conf: Conf) -> Iterator[Report]:
    known = [agent.name for agent in conf.agents.values() if agent.lists]
    name, span = conf.expected_agent, None
    for comment in conf.document.comments:
        if found := _PRAGMA.search(conf.document.raw(comment)):
            name = found[1]
            span = Span(comment.start + found.start(1), comment.start + found.end(1))
    if not name or name in known or not known:
        return
    near = nearest(name, known) or (known[0] if len(known) == 1 else None)
    first = next(agent for agent in conf.agents.values() if agent.lists)
    place = next(iter(first.lists.values())).assignment.key.part(0, len(first.name))
    yield Report(
        span or place,
        f"the agent {name}, which is started, is not in this file",
        f"start {near}: flume-ng agent --name {near}" if near else "start an agent of this file",
        tuple(known),
    )
