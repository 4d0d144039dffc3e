"""A rule about the handoff channel, which leaves the keeping of events to the source."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.guarantee import HANDOFF, UNANSWERED
from flumelint.model import Conf
from flumelint.places import sources_of
from flumelint.resolve import is_alive
from flumelint.rules.file_channels import FILE
from flumelint.rules.rule import BASE, changed, rule

FORGETFUL = UNANSWERED | {"exec"}


@rule(
    "handoff-cannot-read-again",
    Severity.RISKY,
    summary="a handoff channel stands behind a source that cannot read again",
    flume="The handoff channel stores nothing: a source hands its batch to the sinks and waits for "
    "them. After a kill, a source such as spooldir reads the batch again, and the client of an "
    "avro or http source sends it again. exec, netcat and syslog can do neither. Flume says "
    "nothing.",
    harm="The batch under way is lost when the agent is killed.",
    wrong=changed(
        BASE,
        (
            "type = memory\na1.channels.c1.capacity = 1000\n",
            "type = io.pysparkflume.flume.HandoffChannel\n",
        ),
    ),
    right=FILE,
)
def handoff_cannot_read_again(conf: Conf) -> Iterator[Report]:
    for agent in conf.agents.values():
        for channel in agent.channels.values():
            if not channel.is_a(HANDOFF) or not is_alive(channel):
                continue
            for source in sources_of(channel):
                if source.is_a(*FORGETFUL):
                    yield Report(
                        channel.place,
                        f"{source} ({source.short_type}) cannot read again, so the batch under way "
                        "is lost when the agent is killed",
                        f"write {channel.prefix}type = file",
                        related=(source.place, str(source)),
                    )
                    break
