"""The lesson growing-log in the local runtime: each line of a rotated log once, even if killed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flumelab import flume_metrics
from tests.support.lab import LocalLab
from tests.support.spark import wait_for

HOPS = ("generated", "spooled", "counted")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLab]:
    lab = LocalLab(tmp_path_factory.mktemp("lab"))
    lab.ok("up", "--lesson", "growing-log")
    yield lab
    lab.end()


def logs(lab: LocalLab) -> dict[str, Path]:
    return {file.name: file for file in (lab.state / "spool").iterdir()}


def test_a_log_that_grows_and_is_rotated_is_counted_right(lab: LocalLab) -> None:
    lab.ok("feed", "--lines", "9000", "--rate", "4000")
    result = lab.balanced()
    assert {result[hop] for hop in (*HOPS, "flume_received", "flume_sent")} == {9_000}
    assert {name: len(log.read_bytes().splitlines()) for name, log in logs(lab).items()} == {
        "access.log": 1_000, "access.log.1": 4_000, "access.log.2": 4_000
    }  # fmt: skip
    bytes_of = {f"{log.stat().st_size:,}" for log in logs(lab).values()}
    wait_for(lambda: whole(lab) == bytes_of, "the program shows that each log has come whole")


def whole(lab: LocalLab) -> set[str]:
    """The sizes of the logs that the program shows as whole, in its last line on each."""
    last = dict(re.findall(r"(lab:\S+) .* lines, +(.*)", lab.ok("logs", "growing-log")))
    return {size[1] for each in last.values() if (size := re.fullmatch(r"(\S+) bytes of \1", each))}


def sent(lab: LocalLab) -> int:
    """The events that this run of the agent has sent."""
    sink = flume_metrics.current_run(lab.ports[1]).get("SINK.spark", {})
    return int(sink.get("EventDrainSuccessCount", 0))


def test_a_killed_agent_loses_and_repeats_nothing_even_without_its_positions(lab: LocalLab) -> None:
    positions = lab.state / "channel/positions.json"
    wait_for(lambda: total(positions) == total_size(lab), "the positions are written")
    lab.ok("feed", "--lines", "2000", "--seed", "2")
    wait_for(lambda: sent(lab) >= 11_000, "the lines are sent")
    lab.kill("flume")
    lab.ok("feed", "--lines", "5000", "--seed", "3")
    positions.unlink()
    lab.ok("up", "--lesson", "growing-log")
    wait_for(lambda: sent(lab) >= 16_000, "all lines are sent again")
    wait_for(lambda: lab.json("ledger")["counted"] >= 16_000, "all lines are counted")
    result = lab.json("ledger")
    assert {result[hop] for hop in HOPS} == {16_000}
    assert (result["lost"], result["duplicated"]) == (0, 0)


def total(positions: Path) -> int:
    if not positions.exists():
        return 0
    return sum(int(log["offset"]) for log in json.loads(positions.read_text()))


def total_size(lab: LocalLab) -> int:
    return sum(log.stat().st_size for log in logs(lab).values())
