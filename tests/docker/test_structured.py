"""The Structured Streaming profile of compose.yaml, run by flumelab, with workers that die.

FAULT_KILLS is the number of kills (`make faults`: 20), FAULT_SEED decides their moments.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.docker_lab import ROOT, SECONDS_MAX, flumelab, lab_of, ledger
from tests.support.page import PageServer
from tests.support.ports import free_port
from tests.support.waiting import accepts, wait_for

KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
LINES = 60_000 if KILLS == 1 else 200_000
PANELS = json.loads((ROOT / "docker/prometheus/dashboard.json").read_text())["panels"]
DASHBOARD = {target["expr"] for panel in PANELS for target in panel.get("targets", [])}
ELSEWHERE = {
    "flumelab_batch_processing_seconds",  # of DStreams, as the next two
    "flumelab_batch_scheduling_seconds",
    "flumelab_batch_interval_seconds",
    "pyspark_flume_consumer_lag_events",  # of a query with the option consumer
    "pyspark_flume_agent_open_connections",  # of the poller
}
SECONDS = 10  # in which the lines arrive, for each kill


@pytest.fixture(scope="module", autouse=True)
def lab(images: None) -> Iterator[None]:
    with lab_of("structured"):
        yield


def compose(*arguments: str) -> int:
    command = ["docker", "compose", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode


def test_a_spark_worker_killed_under_load_counts_each_line_once() -> None:
    chance = random.Random(SEED)
    before = ledger()["generated"]
    rate = LINES / SECONDS / KILLS
    options = ["--lines", str(LINES), "--rate", str(rate), "--seed", str(SEED)]
    feed = subprocess.Popen(
        [sys.executable, "-m", "flumelab", "feed", "--runtime", "docker", *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(KILLS):
        time.sleep(chance.uniform(1, SECONDS))  # the test tries out different moments
        # Its executor dies with it; the engine starts the container again, as it failed.
        worker = str(chance.choice((1, 2)))
        kill = ["exec", "-T", "--index", worker, "spark-worker", "pkill", "-9", "java"]
        wait_for(lambda kill=kill: compose(*kill) == 0, "a worker is killed")
    assert feed.wait(SECONDS_MAX + SECONDS * KILLS) == 0
    result = ledger()
    assert result["balanced"], result
    assert result["generated"] == before + LINES


def test_prometheus_scrapes_every_part_and_has_the_ledgers_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    monkeypatch.setenv("LAB_PROMETHEUS_PORT", str(port))
    up = ("--profile", "metrics", "up", "--build", "--detach", "--no-deps", "prometheus")
    done = subprocess.run(
        ["docker", "compose", *up], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert flumelab("feed", "--lines", "2000").returncode == 0
    lines = ledger()["generated"]
    assert lines >= 2000

    def found(query: str) -> list[Any]:
        answer = requests.get(
            f"http://127.0.0.1:{port}/api/v1/query", params={"query": query}, timeout=10
        )
        return answer.json()["data"]["result"]

    def asked(query: str) -> dict[str, float]:
        """The values of a query, by the job or hop of each."""
        return {
            each["metric"].get("job", each["metric"].get("hop", "")): float(each["value"][1])
            for each in found(query)
        }

    wait_for(lambda: accepts(port), "Prometheus listens")
    jobs = {"prometheus", "flume", "receiver", "lab", "spark-driver", "spark-executors"}
    wait_for(lambda: asked("min by (job) (up)") == dict.fromkeys(jobs, 1), f"{jobs} are up")
    hops = ("generated", "spooled", "Flume received", "Flume sent", "counted")
    wait_for(
        lambda: asked("sum by (hop) (flumelab_ledger_lines)") == dict.fromkeys(hops, lines),
        "the ledger's lines",
    )
    assert asked("sum(pyspark_flume_landing_end_offset)") == {"": lines}
    assert asked("count(Flume_ChannelCapacity)") == {"": 1}
    assert asked('count({__name__=~"metrics_lab_driver_.*"})')[""] > 10
    # On a slow machine one may fire while the lab starts.
    wait_for(lambda: asked('count(ALERTS{alertstate="firing"})') == {}, "no alert fires")
    # Each query of the dashboard has data, but those about what this lab does not have.
    wait_for(lambda: [ask for ask in DASHBOARD - ELSEWHERE if not found(ask)] == [], "data")


def test_top_shows_the_numbers_of_the_containers() -> None:
    lines = ledger()["generated"]

    def shown() -> dict[str, int]:
        state = json.loads(flumelab("top", "--once", "--json").stdout)
        return {hop["name"]: hop["lines"] for hop in (state["ledger"] or {"hops": []})["hops"]}

    hops = ("generated", "spooled", "Flume received", "Flume sent", "counted")
    wait_for(lambda: shown() == dict.fromkeys(hops, lines), "the ledger's lines")


def test_the_page_on_the_host_cuts_and_mends_the_connection(tmp_path: Path) -> None:
    page = PageServer({}, tmp_path / "page.log", "docker")

    def shown() -> tuple[str, list[str]]:
        state = page.state()
        return state["lab"]["state"], [link["source"] for link in state["links"] if link["cut"]]

    try:
        wait_for(lambda: page.state()["lab"]["state"] == "running", "all parts run")
        state = page.state()
        assert {hop["state"] for hop in state["hops"]} == {"running"}
        assert "flume-exactly-once" in {hop["part"] for hop in state["hops"]}
        assert page.act(action="cut", part="")[0] == 202
        # An agent off the network is not dead; a slow one writes its counters late.
        wait_for(lambda: shown() == ("running", ["sink:spark"]), "the cut is shown")
        assert page.act(action="mend", part="")[0] == 202
        wait_for(lambda: shown() == ("running", []), "it is mended")
        marks = [mark["kind"] for mark in page.state()["marks"]]
        assert marks.index("cut") < marks.index("mended")
    finally:
        page.stop()


def test_a_click_starts_one_part_as_it_was_and_builds_nothing(tmp_path: Path) -> None:
    # In this folder nothing says that the images are current, so flumelab up would build them.
    page = PageServer({"LAB_STATE": str(tmp_path)}, tmp_path / "page.log", "docker")
    agent = "flume-exactly-once"

    def state_of_agent() -> str:
        return {part["name"]: part["state"] for part in page.state()["parts"]}[agent]

    try:
        wait_for(lambda: state_of_agent() == "running", "the agent runs")
        before = containers()
        assert page.act(action="kill", part=agent)[0] == 202
        wait_for(lambda: state_of_agent() == "dead", "the agent is shown as dead")
        status, answer = page.act(action="start", part=agent)
        assert (status, answer["command"]) == (202, f"flumelab start {agent}")
        wait_for(lambda: state_of_agent() == "running", "the agent is back", 60)
    finally:
        page.stop()
    after = containers()
    assert before.keys() == after.keys()  # no container was replaced
    assert [each for each in after if after[each] != before[each]] == [container_of(agent)]
    assert flumelab("feed", "--lines", "1000").returncode == 0
    assert ledger()["balanced"]


def containers() -> dict[str, str]:
    """When each container of the lab was started, by its id."""
    ids = subprocess.run(
        ["docker", "compose", "--profile", "*", "ps", "-q"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    command = ["docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", *ids]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(line.split(" ") for line in done.stdout.splitlines())


def container_of(service: str) -> str:
    command = ["docker", "compose", "--profile", "*", "ps", "-q", service]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
