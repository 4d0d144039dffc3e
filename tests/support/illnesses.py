"""A source, channel or sink for each known way to get stuck, in the conf of a `SickAgent`."""

from __future__ import annotations

import os

from flumelab.signs.agent import SPARK_SINK
from tests.support.ports import free_port
from tests.support.receiver import ReceiverProgram
from tests.support.sick_agent import SickAgent, SilentServer

LINES = "".join(f"{number} a line\n" for number in range(100))
TIMES = "".join(
    f'10.0.0.1 - - [17/May/2015:10:05:0{number} +0000] "GET /"\n' for number in range(9)
)
KAFKA = "org.apache.flume.sink.kafka.KafkaSink"  # its jars are an extra
CLOSED = free_port()
LATE = free_port()
HTTP = free_port()
PULL = free_port()
SYSLOG = free_port()


def prepare(agent: SickAgent, silent: SilentServer, receiver: ReceiverProgram) -> None:
    """Write the conf, with a name for each kind of illness."""
    agent.add_stray_jar()
    channel = {"type": "memory", "capacity": 1000, "transactionCapacity": 100}
    for name in ("ok", "torn", "again", "bytes", "canary", "filter", "exec", "taildir", "sub",
                 "dead", "deep", "delete"):  # fmt: skip
        agent.add("channels", f"c-{name}", **channel)
        agent.add("sinks", f"k-{name}", type="null", channel=f"c-{name}")
    agent.source("r-ok", agent.spool("ok", a_log=LINES), "c-ok")

    torn = agent.spool("torn", a_log=LINES)
    (torn / ".flumespool").mkdir()
    (torn / ".flumespool/.flumespool-main.meta").write_text("Obj")
    agent.source("r-torn", torn, "c-torn")

    again = agent.spool("again", a_log=LINES, a_log_COMPLETED="before\n")
    agent.source("r-again", again, "c-again")
    bad = agent.spool("bytes")
    (bad / "a.log").write_bytes(b"good\nb\xe9d\n")
    agent.source("r-bytes", bad, "c-bytes")

    canary = agent.spool("canary")
    (canary / "flume-spooldir-perm-check-1.canary").touch()
    agent.source("r-canary", canary, "c-canary")
    # Flume cannot rename a file into a folder that is not there.
    agent.source("r-dead", agent.spool("dead", a_log=LINES), "c-dead", fileSuffix="/none/done")
    deep = agent.spool("deep")
    (deep / "monday").mkdir()
    (deep / "monday/a.log").write_text(LINES)
    agent.source("r-deep", deep, "c-deep", recursiveDirectorySearch="true")
    agent.source("r-delete", agent.spool("delete", a_log=LINES), "c-delete")
    agent.write("sources.r-delete", deletePolicy="immediate")
    sub = agent.spool("sub", e_log="")
    (sub / "monday").mkdir()
    (sub / "monday/a.log").write_text(LINES)
    agent.source("r-sub", sub, "c-sub")

    agent.source("r-filter", agent.spool("filter", a_log=LINES), "c-filter", interceptors="i1")
    # One backslash in a properties file is none in Flume: it looks for the letter d.
    agent.write("sources.r-filter.interceptors.i1", type="regex_filter", regex=r"^\d{2}")

    agent.add("sources", "r-exec", type="exec", command="echo once", channels="c-exec")
    logs = agent.folder / "taildir"
    logs.mkdir()
    (logs / "a.log").write_text("one\n")
    agent.add("sources", "r-taildir", type="TAILDIR", channels="c-taildir", filegroups="f1")
    agent.write("sources.r-taildir", filegroups_f1=f"{logs}/.*", positionFile=f"{logs}/pos.json")
    agent.write("sources.r-taildir", idleTimeout=1000)  # then it reads a line without an end

    agent.add("sources", "r-typo", type="exec", command="/no/such/command", channels="c-exec")
    (agent.folder / "torn.json").write_text('[{"inode":')
    agent.add("sources", "r-positions", type="TAILDIR", channels="c-taildir", filegroups="f1")
    agent.write("sources.r-positions", positionFile=agent.folder / "torn.json")
    agent.write("sources.r-positions", filegroups_f1=f"{logs}/none.*")

    # Sinks that do not deliver: refused, silent, late; the late one's file changes meanwhile.
    for name, port, size in (("refused", CLOSED, 1000), ("silent", silent.port, 1000),
                             ("late", LATE, 100)):  # fmt: skip
        agent.add("channels", f"c-{name}", **channel | {"capacity": size})
        text = LINES * (3 if name == "late" else 1)
        agent.source(f"r-{name}", agent.spool(name, a_log=text), f"c-{name}", maxBackoff=200)
        agent.add("sinks", f"k-{name}", type="avro", channel=f"c-{name}")
        agent.write(f"sinks.k-{name}", hostname="127.0.0.1", port=port)
        agent.write(f"sinks.k-{name}", **{"connect-timeout": 1000, "request-timeout": 1000})

    agent.add("channels", "c-drop", **channel | {"capacity": 100})
    agent.add("sources", "r-drop", type="syslogtcp", host="127.0.0.1", port=SYSLOG)
    agent.write("sources.r-drop", channels="c-drop")

    agent.add("channels", "c-pull", **channel)
    agent.source("r-pull", agent.spool("pull", a_log=LINES), "c-pull")
    agent.add("sinks", "k-pull", type=SPARK_SINK, channel="c-pull", hostname="127.0.0.1")
    agent.write("sinks.k-pull", port=PULL)
    agent.add("channels", "c-roll", **channel)
    agent.source("r-roll", agent.spool("roll", a_log=LINES), "c-roll")
    agent.add("sinks", "k-roll", type="file_roll", channel="c-roll", sink_directory="/no/such")
    pipe = agent.spool("pipe")
    os.mkfifo(pipe / "a.log")  # whoever reads it waits for ever
    agent.source("r-pipe", pipe, "c-ok")

    # One source into two channels, of which c2 is full. Flume puts a batch into c1 first: it orders
    # them by Java's hash of their names.
    agent.add("channels", "c1", **channel)
    agent.add("channels", "c2", **channel | {"capacity": 100})
    agent.add("sinks", "k1", type="null", channel="c1")
    agent.source("r-both", agent.spool("both", a_log=LINES * 3), "c1 c2", maxBackoff=200)

    # The log's own time as text.
    agent.add("channels", "c-time", **channel)
    agent.source("r-time", agent.spool("time", a_log=TIMES), "c-time", interceptors="i1")
    extractor = {"type": "regex_extractor", "regex": r"\\[([^\\]]+)\\]", "serializers": "s1"}
    agent.write("sources.r-time.interceptors.i1", **extractor, serializers_s1_name="timestamp")
    agent.add("sinks", "k-time", type="avro", channel="c-time", hostname="127.0.0.1")
    agent.write("sinks.k-time", port=receiver.port)

    # What Flume leaves out.
    agent.add("channels", "c-small", **channel)
    agent.source("r-batch", agent.spool("batch"), "c-small", batchSize=500)
    agent.add("sinks", "k-batch", type="avro", channel="c-small", hostname="127.0.0.1", port=CLOSED)
    agent.write("sinks.k-batch", **{"batch-size": 700})
    agent.add("sources", "r-http", type="http", port=HTTP, bind="127.0.0.1", channels="c-small")
    agent.add("sinks", "k-small", type="null", channel="c-small")
    agent.add("sources", "r-empty")
    agent.add("channels", "c-comma,")
    agent.add("sources", "r-nothing", type="spooldir", channels="c-ok")
    agent.source("r-gone", agent.folder / "gone", "c-ok")
    agent.add("sinks", "k-nowhere", type="avro", channel="c-nowhere", hostname="127.0.0.1", port=1)
    agent.write("sinks.k-forgotten", type="null", channel="c-ok")
    agent.write("sinkgroups.g1", sinks="k-refused k-silent", processor_type="load_balance")

    # File channels: no folder, a folder of another channel's, and no room.
    for part in ("checkpoint", "data"):  # of two channels that make it at once, one fails
        (agent.folder / "channel" / part).mkdir(parents=True)
    for name, folder, space in (("file", "/proc/no", 1), ("one", agent.folder / "channel", 1),
                                ("two", agent.folder / "channel", 1),
                                ("room", agent.folder / "room", 10**17)):  # fmt: skip
        agent.add("channels", f"c-{name}", type="file", minimumRequiredSpace=space)
        agent.write(f"channels.c-{name}", checkpointDir=f"{folder}/checkpoint")
        agent.write(f"channels.c-{name}", dataDirs=f"{folder}/data")
        agent.add("sinks", f"k-{name}", type="null", channel=f"c-{name}")
        agent.source(f"r-{name}", agent.spool(name, a_log=LINES), f"c-{name}")
