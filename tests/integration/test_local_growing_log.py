"""The lesson growing-log in the local runtime: a log that grows is counted right, until a kill."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from flumelab import flume_metrics
from tests.support.lab import LocalLab
from tests.support.spark import wait_for


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLab]:
    lab = LocalLab(tmp_path_factory.mktemp("lab"))
    lab.ok("up", "--lesson", "growing-log")
    yield lab
    lab.end()


def files(lab: LocalLab) -> dict[str, int]:
    spool = (lab.state / "spool").iterdir()
    return {file.name: len(file.read_bytes().splitlines()) for file in spool}


def test_a_log_that_grows_and_is_rotated_is_counted_right(lab: LocalLab) -> None:
    lab.ok("feed", "--lines", "9000", "--rate", "4000")
    result = lab.balanced()
    hops = ("generated", "spooled", "flume_received", "flume_sent", "counted")
    assert {result[hop] for hop in hops} == {9_000}
    assert files(lab) == {"access.log": 4_000, "access-1.log": 4_000, "access-2.log": 1_000}
    shown = lab.ok("logs", "growing-log")
    assert "access-1.log     4,000 lines, 0 of them again" in shown


def put(lab: LocalLab) -> int:
    """The events that this run of the agent has put into its channel."""
    channel = flume_metrics.current_run(lab.ports[1]).get("CHANNEL.buffer", {})
    return int(channel.get("EventPutSuccessCount", 0))


def kill_before_the_next_note(lab: LocalLab) -> int:
    """Feed and kill the agent before it notes how far it has read; return the lines fed."""
    note = lab.state / "channel/growing-log.json"
    fed = 0
    for seed in range(2, 8):
        wait_for(lambda: flume_metrics.current_run(lab.ports[1]), "the agent answers")
        before, had = note.stat().st_mtime_ns, put(lab)
        wait_for(lambda last=before: note.stat().st_mtime_ns > last, "a note is written")
        noted = note.stat().st_mtime_ns
        lab.ok("feed", "--lines", "1000", "--seed", str(seed))
        fed += 1_000
        wait_for(lambda least=had + 1_000: put(lab) >= least, "the lines are in the channel")
        lab.kill("flume")
        if note.stat().st_mtime_ns == noted:
            return fed
        lab.ok("up", "--lesson", "growing-log")
    pytest.fail("each time, the agent wrote a note within a second")


def test_a_killed_agent_loses_nothing_and_repeats_what_it_had_not_noted(lab: LocalLab) -> None:
    fed = kill_before_the_next_note(lab)
    lab.ok("up", "--lesson", "growing-log")
    lab.ok("feed", "--lines", "1000", "--seed", "9")
    sent = 9_000 + fed + 1_000
    wait_for(lambda: lab.json("ledger")["duplicated"] >= 1_000, "the repeats are counted")
    result = lab.json("ledger", "--wait", "5")
    assert (result["generated"], result["spooled"], result["lost"]) == (sent, sent, 0)
    assert re.search(r", 1,000 of them again", lab.ok("logs", "growing-log"))
