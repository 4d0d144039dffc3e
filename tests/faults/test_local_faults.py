"""Break the local lab: it says what happened, leaves nothing running, and loses nothing it took."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flumelab.own.snapshot import take
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.processes import Processes
from flumelab.signs import find
from tests.support.lab import ROOT, LocalLab
from tests.support.spark import wait_for

STILL_SECONDS = 2.0


@pytest.fixture
def lab(tmp_path: Path):
    lab = LocalLab(tmp_path)
    yield lab
    lab.end()


def signs(lab: LocalLab) -> set[str]:
    return {sign["sign"] for sign in lab.json("status")["signs"]}


def found(lab: LocalLab) -> set[str]:
    """The signs that `status` would find, if it did not wait for 15 s until a part stands still."""
    evidence = LocalEvidence(Processes(lab.state), lab.ports[1], utc=True)
    return {sign.name for sign in find(take(evidence, still_seconds=STILL_SECONDS))}


def test_a_driver_killed_under_load_loses_nothing_that_flume_was_answered_ok_for(
    lab: LocalLab,
) -> None:
    lab.ok("up")
    lab.ok("feed", "--lines", "50000")
    wait_for(lambda: lab.json("ledger")["flume_sent"] > 20_000, "20,000 lines are sent")
    lab.kill("url-counts")
    status = {s["name"]: s["state"] for s in lab.json("status")["services"]}
    assert status == {"flume": "running", "url-counts": "stopped"}
    lab.ok("feed", "--lines", "2000")
    wait_for(lambda: {"part-ended", "sink-refused"} <= found(lab), "it is known what is stuck")
    assert "part-ended" in signs(lab)
    assert "part-ended" in {sign["sign"] for sign in lab.json("doctor")["signs"]}
    # With its receiver gone, Flume's stop would wait for the drain in vain: end it likewise, once
    # its memory channel is all that it can lose.
    sent = lab.json("ledger")["flume_sent"]
    lab.kill("flume")
    done = lab.run("up")
    assert done.returncode == 0, done.stderr
    assert "url-counts ended without a stop" in done.stderr
    wait_for(lambda: lab.json("ledger")["counted"] >= sent, f"{sent} lines are counted")


def test_a_driver_that_cannot_start_shows_the_end_of_its_log(lab: LocalLab) -> None:
    done = lab.run("up", RESULTS_URL="sqlite:////no/such/folder/results.db")
    assert done.returncode == 1
    assert "url-counts ended while it was starting" in done.stderr
    assert "unable to open database file; set RESULTS_URL" in done.stderr
    assert lab.processes() == []


def test_a_stale_pid_of_another_process_is_left_alone(lab: LocalLab) -> None:
    lab.state.mkdir(parents=True)
    record = {"flume": {"pid": 1, "started": 1.0, "log": "x"}}
    (lab.state / "processes.json").write_text(json.dumps(record))
    done = lab.run("down")
    assert done.returncode == 0, done.stderr
    assert lab.run("status").returncode == 1


def test_a_damaged_state_file_is_named_with_the_remedy(lab: LocalLab) -> None:
    lab.state.mkdir(parents=True)
    state = lab.state / "processes.json"
    state.write_text("{")
    done = lab.run("status")
    assert done.returncode == 1
    assert done.stderr.startswith(f"flumelab: {state} is damaged")
    assert done.stderr.count("\n") == 1
    state.unlink()


def test_two_at_once_do_not_start_it_twice_and_killed_it_can_be_stopped_and_started_again(
    lab: LocalLab,
) -> None:
    command = [sys.executable, "-m", "flumelab", "up", "--runtime", "local"]
    both = [
        subprocess.Popen(command, env=lab.environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], errors
    assert any("another flumelab is starting or stopping this lab" in error for error in errors)

    # Only the services' own processes: Spark's JVM and its workers are left as orphans.
    for service in ("flume", "url-counts"):
        lab.process(service).kill()
    wait_for(lambda: lab.process_is_gone("url-counts"), "the driver is gone")
    assert lab.processes() != []
    lab.ok("down")
    assert lab.processes() == []
    lab.ok("up")
    lab.ok("feed", "--lines", "1000")
    assert lab.balanced()["counted"] == 1000
