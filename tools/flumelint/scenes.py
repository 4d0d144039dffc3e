"""What some rules' examples need around them to show their mistake."""

from __future__ import annotations

from dataclasses import dataclass, field

BODIES = ["one", "two", "three"]  # each feed sends these, an event each
LINES = "".join(f"{body}\n" for body in BODIES)


@dataclass(frozen=True)
class Scene:
    """The surroundings of a rule's examples.

    :param files: files by path, as the example writes it, with their content
    :param appended: files that get more lines while the agent runs
    :param lines: what a spool folder's file or a tailed file holds
    :param headers: headers of the events that are sent to avro and http sources
    :param hold: seconds to run on when the events have arrived
    """

    files: dict[str, str] = field(default_factory=dict)
    appended: tuple[str, ...] = ()
    lines: str = LINES
    headers: dict[str, str] = field(default_factory=dict)
    hold: float = 0


SCENES: dict[str, Scene] = {
    "line-limit": Scene(lines=LINES + "x" * 3000 + "\n"),
    "command-ends": Scene(hold=1),  # the command ends a little after its last line
}

# Why a rule's examples are not started, or one of its claims cannot show in a short run.
NOT_STARTED: dict[str, str] = {}
_NO_BROKER = "the run has no Kafka broker"
_AT_THE_RECEIVER = "the receiver drops the lines, and the run has none that compares places"
NOT_SHOWN: dict[tuple[str, str], str] = {
    ("acks-zero", "logs nothing"): _NO_BROKER,
    ("acks-zero", "events are missing"): _NO_BROKER,
    ("topic-header-wins", "events are missing"): _NO_BROKER,
    ("equal-identity", "events are missing"): _AT_THE_RECEIVER,
    ("file-header-replaces-identity", "events are missing"): _AT_THE_RECEIVER,
    (
        "compression-differs",
        "less runs, or fewer events come out",
    ): "on a busy machine the run ends "
    "before the second hop; in a longer one, none of 20 events arrived",
    ("hdfs-web-port", "less runs, or fewer events come out"): "the run has no HDFS",
    ("sink-writes-into-spool", "events are missing"): "it takes a flow that lasts: of 115 lines "
    "in ten seconds, one was read",
    ("spool-folder-shared", "less runs, or fewer events come out"): "it is chance when a source "
    "stops; with a new file every 150 ms, one did in two of three runs of ten seconds",
}
