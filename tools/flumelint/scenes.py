"""What some rules' examples need around them to show their mistake."""

from __future__ import annotations

from dataclasses import dataclass, field

BODIES = ["one", "two", "three"]  # each feed sends these, an event each
LINES = "".join(f"{body}\n" for body in BODIES)


@dataclass(frozen=True)
class Scene:
    """The surroundings of a rule's examples, and what to look at.

    :param files: files by path, as the example writes it, with their content
    :param appended: files that get lines when the first events have come through
    :param rotated: files that are renamed then, and written anew
    :param lines: what a spool folder's file or a tailed file holds
    :param bodies: what is sent to each source that listens, an event each
    :param headers: headers of the events that are sent to avro and http sources
    :param deflate: whether the client that sends to avro sources compresses
    :param instead: parts of the examples that are others here: a time that is too long for a run
    :param hold: seconds to run on when the events have arrived
    :param expected: events that leave the channels of the right example, if more than are sent
    :param restarts: whether the agents are started a second time
    :param apart: whether each file of an example is a machine of its own
    :param hdfs: whether an address in HDFS stays one; else it is a folder
    :param web: ports on which a web server answers
    :param wire: ports on which nobody answers, and the first byte is kept
    :param shows: what to look at when all has run, by a name; see Look.java. The wrong and the
        right example have to differ in each.
    """

    files: dict[str, str] = field(default_factory=dict)
    appended: tuple[str, ...] = ()
    rotated: tuple[str, ...] = ()
    lines: str = LINES
    bodies: list[str] = field(default_factory=lambda: BODIES)
    headers: dict[str, str] = field(default_factory=dict)
    deflate: bool = False
    instead: dict[str, str] = field(default_factory=dict)
    hold: float = 0
    expected: int = 0
    restarts: bool = False
    apart: bool = False
    hdfs: bool = False
    web: tuple[str, ...] = ()
    wire: tuple[str, ...] = ()
    shows: dict[str, str] = field(default_factory=dict)


_OF_KIND_GIFT = Scene(headers={"kind": "gift"})
_PLACES = {"the lines' headers at the receiver": "headers"}
# The other machine is this one, so its port has to be another.
_OTHER_PORT = {"collector\na1.sinks.k1.port = 4141": "collector\na1.sinks.k1.port = 4142"}
SCENES: dict[str, Scene] = {
    "channel-never-selected": _OF_KIND_GIFT,
    "command-ends": Scene(hold=1),  # the command ends a little after its last line
    "compression-differs": Scene(expected=9),  # 3 in the first agent, these and 3 in the second
    "contradicting-keys": Scene(
        shows={"the channel's capacity": "field c1 channelCounter.getChannelCapacity"}
    ),
    "deletes-what-memory-holds": Scene(shows={"files afterwards": r"files .*/in\.log.*"}),
    "handoff-cannot-read-again": Scene(shows={"files on the disk": r"files .*/log-1"}),
    "durable-in-tmp": Scene(shows={"the channel's data": r"files .*/log-1"}),
    "equal-identity": Scene(apart=True, expected=6, shows=_PLACES),
    "file-channel-default-folder": Scene(shows={"the channel's data": "field c1 dataDirs"}),
    "file-header-replaces-identity": Scene(shows=_PLACES),
    "hdfs-file-never-rolled": Scene(
        instead={"rollInterval = 600": "rollInterval = 1"},
        hold=1.5,
        shows={"files after two seconds": r"files .*/FlumeData\..*"},
    ),
    "hdfs-web-port": Scene(hdfs=True, web=("9870",), hold=8),
    "interceptor-not-listed": Scene(shows={"the events' headers": "headers"}),
    "key-only-in-the-guide": Scene(shows={"the events' headers": "headers"}),
    "line-limit": Scene(lines=LINES + "x" * 3000 + "\n"),
    "mapping-of-another-header": _OF_KIND_GIFT,
    "not-a-boolean": Scene(shows={"the source answered": "answers"}),
    "position-file-shared": Scene(
        restarts=True, shows={"after a restart, without a new line": "again"}
    ),
    "single-backslash": Scene(bodies=["1 error", "22 error", "d error"]),
    "sink-feeds-own-source": Scene(instead=_OTHER_PORT),
    "small-hdfs-files": Scene(
        bodies=[f"event {number}" for number in range(25)],
        shows={"files of 25 events": r"files .*/FlumeData\..*"},
    ),
    "spools-live-logs": Scene(
        appended=("/var/log/httpd/in.log",),
        hold=1.5,
        shows={"the source stopped for good": "field r1 hasFatalError"},
    ),
    "tail-stops-at-rotation": Scene(rotated=("/var/log/app.log",), hold=4),
    "tail-without-position": Scene(
        restarts=True, shows={"after a restart, without a new line": "again"}
    ),
    "time-escape-without-timestamp": Scene(expected=3),
    "timestamp-is-text": Scene(bodies=[f"2026-11-2{day} line" for day in range(3)], expected=3),
    "tls-with-deflate": Scene(
        instead=_OTHER_PORT, wire=("4142",), shows={"the first byte on the wire": "wire"}
    ),
    "unknown-compression": Scene(deflate=True),
    "unknown-key": Scene(shows={"the sink's batch": "field k1 getBatchSize"}),
    "unreachable-mapping": _OF_KIND_GIFT,
}
INSTEAD = {
    "hdfs-file-never-rolled": "rollInterval was 1 second instead of 600",
    "tls-with-deflate": "the collector was this machine, with another port",
    "sink-feeds-own-source": "the collector was this machine, with another port",
}

# Why a rule's examples are not started, or one of its claims cannot show in a short run.
NOT_STARTED: dict[str, str] = {}
DIFFER = "the two differ"  # the claim that every rule makes
_AT_THE_RECEIVER = (
    "the receiver of pyspark-flume drops a line whose file and offset it has had; "
    "the receiver of this run keeps all"
)
_NO_BROKER = "the run has no Kafka broker"
NOT_SHOWN: dict[tuple[str, str], str] = {
    ("acks-zero", "logs nothing"): _NO_BROKER,
    ("acks-zero", "events are missing"): _NO_BROKER,
    ("acks-zero", DIFFER): _NO_BROKER,
    ("topic-header-wins", "events are missing"): _NO_BROKER,
    ("topic-header-wins", DIFFER): _NO_BROKER,
    ("equal-identity", "events are missing"): _AT_THE_RECEIVER,
    ("file-header-replaces-identity", "events are missing"): _AT_THE_RECEIVER,
    (
        "hdfs-web-port",
        "less runs, or fewer events come out",
    ): "the run has no NameNode for the right one",
    ("hdfs-web-port", DIFFER): "the run has no NameNode for the right one",
    ("sink-writes-into-spool", "events are missing"): "it takes a flow that lasts: of 115 lines "
    "in ten seconds, one was read",
    ("sink-writes-into-spool", DIFFER): "it is chance how much the source reads",
    ("spool-folder-shared", "less runs, or fewer events come out"): "it is chance when a source "
    "stops; with a new file every 150 ms, one did in two of three runs of ten seconds",
    ("repeated-key", DIFFER): "a line that stands twice changes nothing, until one of them is "
    "changed",
    ("position-file-in-group", DIFFER): "the position file has no line end, so none of it is read",
    ("secret-in-conf", DIFFER): "a password works as well in the conf; the harm is who can read it",
}
