"""Each known sign is brought about with real Flume, and read as `flumelab status` reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flumelab.signs import Level, Sign
from tests.support.ports import free_port
from tests.support.sick_agent import SickAgent, SilentServer

LINES = "".join(f"{number} a line\n" for number in range(100))
CLOSED = free_port()
LATE = free_port()
HTTP = free_port()


def prepare(agent: SickAgent, silent: SilentServer) -> None:
    """Write the conf, with a name for each kind of illness."""
    channel = {"type": "memory", "capacity": 1000, "transactionCapacity": 100}
    for name in ("ok", "torn", "again", "bytes", "canary", "filter", "exec", "taildir", "sub"):
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
    sub = agent.spool("sub")
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

    # Sinks that do not deliver: refused, silent, late; the late one's file changes meanwhile.
    for name, port, size in (("refused", CLOSED, 1000), ("silent", silent.port, 1000),
                             ("late", LATE, 100)):  # fmt: skip
        agent.add("channels", f"c-{name}", **channel | {"capacity": size})
        text = LINES * (3 if name == "late" else 1)
        agent.source(f"r-{name}", agent.spool(name, a_log=text), f"c-{name}", maxBackoff=200)
        agent.add("sinks", f"k-{name}", type="avro", channel=f"c-{name}")
        agent.write(f"sinks.k-{name}", hostname="127.0.0.1", port=port)
        agent.write(f"sinks.k-{name}", **{"connect-timeout": 1000, "request-timeout": 1000})

    # One source into two channels, of which one is full.
    agent.add("channels", "c-free", **channel)
    agent.add("channels", "c-blocked", **channel | {"capacity": 100})
    agent.add("sinks", "k-free", type="null", channel="c-free")
    both = agent.spool("both", a_log=LINES * 3)
    agent.source("r-both", both, "c-free c-blocked", maxBackoff=200)

    # What Flume leaves out.
    agent.add("channels", "c-small", **channel)
    agent.source("r-batch", agent.spool("batch"), "c-small", batchSize=500)
    agent.add("sinks", "k-batch", type="avro", channel="c-small", hostname="127.0.0.1", port=CLOSED)
    agent.write("sinks.k-batch", **{"batch-size": 700})
    agent.add("sources", "r-http", type="http", port=HTTP, bind="127.0.0.1", channels="c-small")
    agent.add("sinks", "k-small", type="null", channel="c-small")
    agent.source("r-gone", agent.folder / "gone", "c-ok")
    agent.add("sinks", "k-nowhere", type="avro", channel="c-nowhere", hostname="127.0.0.1", port=1)
    agent.write("sinks.k-forgotten", type="null", channel="c-ok")
    agent.write("sinkgroups.g1", sinks="k-refused k-silent", processor_type="load_balance")
    agent.add("channels", "c-file", type="file", checkpointDir="/proc/no", dataDirs="/proc/no")
    agent.source("r-file", agent.spool("file", a_log=LINES), "c-file")
    agent.add("sinks", "k-file", type="null", channel="c-file")


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SickAgent]:
    """The agent, once all of it has been stuck for long enough."""
    silent = SilentServer()
    agent = SickAgent(tmp_path_factory.mktemp("sick"))
    prepare(agent, silent)
    agent.start()
    try:
        agent.sign("sink-refused sink k-refused")
        yield agent
    finally:
        agent.end()
        silent.end()


def stuck(agent: SickAgent, name: str) -> Sign:
    sign = agent.sign(name)
    assert (sign.part, sign.level) == ("flume", Level.STUCK)
    return sign


def test_what_works_has_no_sign(sick: SickAgent) -> None:
    found = [sign.sentence for sign in sick.signs().values()]
    assert not [text for text in found if "-ok" in text and "forgotten" not in text]
