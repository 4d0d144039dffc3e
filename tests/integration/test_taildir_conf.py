"""flume-conf/taildir.conf in a real agent: at least once, with the traps of its header."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from loadgen import ledger as ledgers
from tests.support.at_once import at_once_with
from tests.support.flume import Collector, FlumeAgent
from tests.support.spark import ROOT

CONF = ROOT / "flume-conf/taildir.conf"
IDLE_MS = 4_000
Body = bytes


class Flume:
    """Starts agents for one collector in one folder: a second one goes on where the first ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.collector = Collector()
        self._started: list[FlumeAgent] = []

    def start(self, conf: str = CONF.name) -> FlumeAgent:
        self._started.append(FlumeAgent(self.folder, conf, self.collector.port))
        return self._started[-1]

    def __enter__(self) -> Flume:
        return self

    def __exit__(self, *_: object) -> None:
        for agent in self._started:
            agent.kill()
        self.collector.end()


def bodies(collector: Collector, log: Path | None = None) -> list[Body]:
    """The bodies of all events, or of those whose header says that they come from this log."""
    return [
        body for headers, body in collector.events if log is None or headers["file"] == str(log)
    ]


def append(agent: FlumeAgent, *options: object) -> None:
    """Let the generator append to the agent's log."""
    places = ["--append", agent.spool / "access.log", "--ledger", agent.directory / "ledger"]
    rotation = ["--rotate-every", 1_500, "--rotate-by", "name"]
    words = [*places, *rotation, "--lines-per-file", 250, *options]
    command = [sys.executable, "-m", "loadgen", *map(str, words)]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def written(agent: FlumeAgent) -> Counter[Body]:
    files = sorted(agent.spool.iterdir())
    return Counter(line for file in files for line in file.read_bytes().splitlines())


def wait_for_a_note(agent: FlumeAgent) -> None:
    """Wait until the position file is written anew: the next time is three seconds away."""
    note = agent.directory / "channel/taildir.json"
    before = note.stat().st_mtime_ns if note.exists() else 0
    agent.wait_for(
        lambda: note.exists() and note.stat().st_mtime_ns > before, "the position file is written"
    )


@at_once_with(Flume)
def test_each_line_comes_once_until_a_kill_repeats_those_since_the_last_note(flume: Flume) -> None:
    start, collector = flume.start, flume.collector
    agent = start()
    append(agent, "--lines", 4_000)
    agent.wait_for(lambda: len(collector.events) >= 4_000, "all lines arrive")
    assert sorted(file.name for file in agent.spool.iterdir()) == [
        "access-1.log", "access-2.log", "access.log"
    ]  # fmt: skip
    assert Counter(bodies(collector)) == written(agent)
    assert sum(entry.lines for entry in ledgers.read(agent.directory / "ledger")) == 4_000

    agent.process.terminate()  # a stop writes the note
    agent.process.wait(60)
    append(agent, "--lines", 1_000, "--seed", 2)
    agent = start()
    agent.wait_for(lambda: len(collector.events) >= 5_000, "the lines that came meanwhile")
    wait_for_a_note(agent)
    append(agent, "--lines", 1_000, "--seed", 3)
    agent.wait_for(lambda: len(collector.events) >= 6_000, "the lines after the last note")
    assert Counter(bodies(collector)) == written(agent)

    agent.kill()
    agent = start()
    agent.wait_for(lambda: len(collector.events) >= 7_000, "lines come again")
    append(agent, "--lines", 250, "--seed", 4)
    agent.wait_for(lambda: len(collector.events) >= 7_250, "what is new")
    again = Counter(bodies(collector)) - written(agent)
    assert written(agent) - Counter(bodies(collector)) == Counter()
    assert again.total() == 1_000, "the lines since the last note"

    agent.kill()
    (agent.directory / "channel/taildir.json").write_text("")  # as a kill may leave it
    before = len(collector.events)
    agent = start()
    agent.wait_for(lambda: len(collector.events) >= before + 6_250, "all lines come again")
    assert Counter(bodies(collector)) == written(agent) + written(agent) + again


TRAPS = ("within", "out", "copied", "half", "own")


def conf_with_traps(folder: Path, logs: dict[str, Path]) -> str:
    """taildir.conf with a source for each trap, so that one agent shows them all."""
    patterns = dict.fromkeys(TRAPS, "access[.]log") | {"within": "access.*", "own": ".*"}
    lines = [f"lab.sources = {' '.join(TRAPS)}"]
    for name in TRAPS:
        logs[name].parent.mkdir()
        note = logs[name].with_name("note") if name == "own" else folder / f"{name}.json"
        settings = {
            "filegroups.log": f"{logs[name].parent}/{patterns[name]}",
            "positionFile": note,
            "idleTimeout": IDLE_MS,
            "writePosInterval": 500,
        }
        lines += [f"lab.sources.{name}.{key} = {value}" for key, value in settings.items()]
    tail = [line for line in CONF.read_text().splitlines() if line.startswith("lab.sources.tail")]
    given = ("filegroups.log", "positionFile", "idleTimeout", "writePosInterval")
    for line in tail:
        key = line.removeprefix("lab.sources.tail.")
        if not key.startswith(given):
            lines += [f"lab.sources.{name}.{key}" for name in TRAPS]
    rest = [line for line in CONF.read_text().splitlines() if not line.startswith("lab.sources")]
    conf = folder / "traps.conf"
    conf.write_text("\n".join([*lines, *rest, ""]))
    return str(conf)


def numbered(first: int, count: int) -> bytes:
    """Lines of ten bytes each."""
    return b"".join(b"line %04d\n" % number for number in range(first, first + count))


@at_once_with(Flume)
def test_the_traps_are_as_the_conf_says(flume: Flume) -> None:
    collector = flume.collector
    logs = {name: flume.folder / name / "access.log" for name in TRAPS}
    conf = conf_with_traps(flume.folder, logs)
    for name in ("within", "copied"):
        logs[name].write_bytes(numbered(0, 100))
    logs["half"].write_bytes(b"whole\nhalf a")
    agent = flume.start(conf)

    def wait_for(name: str, count: int, claim: str) -> list[Body]:
        agent.wait_for(lambda: len(bodies(collector, logs[name])) >= count, claim)
        return bodies(collector, logs[name])

    # Half a line waits, but not for ever.
    assert wait_for("half", 1, "the whole line") == [b"whole"]
    assert wait_for("half", 2, "the half line")[1] == b"half a"
    with logs["half"].open("ab") as log:
        log.write(b" line\n")
    assert wait_for("half", 3, "its rest")[2] == b" line"

    # A rename within the group makes a new file of it.
    wait_for("within", 100, "the log before the rotation")
    older = logs["within"].with_name("access.log.1")
    logs["within"].rename(older)
    agent.wait_for(lambda: len(bodies(collector, older)) >= 100, "the same lines again")

    # After a rename out of the group the writer still writes, until it opens the new log.
    logs["out"].write_bytes(numbered(0, 100))  # only now: a log that was idle would be closed
    wait_for("out", 100, "the log before the rotation")
    with logs["out"].open("ab", buffering=0) as log:
        logs["out"].rename(logs["out"].with_name("access.log.1"))
        log.write(numbered(100, 50))
        late = wait_for("out", 150, "what was written after the rename, when the log is idle")
        assert late[100:] == numbered(100, 50).splitlines()
        agent.wait_for(lambda: b"Closed file: %b," % os.fsencode(logs["out"]) in log_of(agent), "")
        log.write(numbered(150, 50))  # nobody has it open any more
    logs["out"].write_bytes(numbered(500, 10))
    new = wait_for("out", 160, "the new log")
    assert not {*numbered(150, 50).splitlines()}.intersection(new)

    # A truncated log that is longer again when Flume looks: its beginning is lost.
    wait_for("copied", 100, "the log before the truncation")
    with logs["copied"].open("r+b") as log:
        log.write(numbered(1_000, 300))
    assert wait_for("copied", 300, "the rest")[100:] == numbered(1_100, 200).splitlines()
    with logs["copied"].open("r+b") as log:
        log.truncate()
        agent.wait_for(lambda: b"is larger than file size! Restarting" in log_of(agent), "")
        log.write(numbered(2_000, 10))
    assert wait_for("copied", 310, "the new lines")[300:] == numbered(2_000, 10).splitlines()

    # A position file in its own group: events that nobody wrote.
    note = logs["own"].with_name("note")
    agent.wait_for(lambda: bodies(collector, note), "the position file is read as a log")
    assert bodies(collector, note)[0].startswith(b'[{"inode":')


def log_of(agent: FlumeAgent) -> bytes:
    return agent.stdout.read_bytes()
