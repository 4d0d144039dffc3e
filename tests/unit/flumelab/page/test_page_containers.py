"""The page in a container: which lesson runs, and which parts it can reach."""

import json
import os
import socket
from pathlib import Path

import pytest
import yaml

from flumelab.lessons.catalogue import LAB_LESSONS, LESSONS
from flumelab.page import container_parts
from flumelab.page.container import lesson_of
from flumelab.page.container_parts import Containers, ports_of

ROOT = Path(__file__).parents[4]
COMPOSE = ("compose.yaml", "compose.own.yaml")


class Network:
    """What the names of the lab's network answer, and the clock."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.now = 1000.0

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        state = self.answers.get(address[0])
        if state == "running":
            return socket.socket()
        raise (ConnectionRefusedError() if state == "starting" else socket.gaierror())

    def write_counters(self, folder: Path, final: bool = False) -> None:
        """As the agent does, now."""
        file = folder / "1.json"
        file.write_text(json.dumps({"started": 1, "final": final, "metrics": {}}))
        os.utime(file, (self.now, self.now))


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    found = Network()
    monkeypatch.setattr(container_parts.socket, "create_connection", found.connect)
    monkeypatch.setattr(container_parts.time, "time", lambda: found.now)
    return found


@pytest.mark.parametrize("name", LESSONS)
def test_profiles_and_program_name_the_lesson(name: str) -> None:
    lesson = LESSONS[name]
    services = [program.service for program in lesson.programs]
    chosen = {
        "LAB_PROFILES": ",".join((*services, *lesson.servers)),
        "LAB_PROGRAM": lesson.program.file,
    }
    assert lesson_of(chosen) is lesson


@pytest.mark.parametrize("name", LAB_LESSONS)
def test_compose_alone_gives_only_the_profile(name: str) -> None:
    assert lesson_of({"LAB_PROFILES": name, "LAB_PROGRAM": ""}).name == name


def test_the_page_can_only_read_and_no_container_has_a_way_to_the_engine() -> None:
    files = [yaml.safe_load((ROOT / name).read_text()) for name in COMPOSE]
    mounted = [each for file in files for each in file["services"].values()]
    assert "docker.sock" not in str([each.get("volumes") for each in mounted])
    page = files[0]["services"]["page"]
    assert page["read_only"]
    assert [each for each in page["volumes"] if not each.endswith(":ro")] == []


def test_the_parts_are_those_of_compose_in_the_order_of_the_flow() -> None:
    assert list(ports_of(LESSONS["url-counts"])) == [
        *("flume", "spark-master", "spark-worker", "spark-ingest", "url-counts"),
    ]
    assert list(ports_of(LESSONS["structured"])) == [
        *("flume-exactly-once", "receiver", "spark-master", "spark-worker", "structured"),
    ]
    assert {"kafka", "reader"} < ports_of(LESSONS["from-kafka"]).keys()


def test_a_part_that_was_there_and_is_gone_is_dead_and_one_that_never_was_is_not(
    network: Network, tmp_path: Path
) -> None:
    network.answers.update({"flume": "running"})
    containers = Containers(LESSONS["url-counts"], tmp_path)
    states = {part.name: part.state for part in containers.parts()}
    assert (states["flume"], states["url-counts"]) == ("running", "down")
    network.answers.update({"flume": "gone", "url-counts": "starting"})
    parts = {part.name: part for part in containers.parts()}
    assert parts["url-counts"].state == "starting"
    network.now += 2
    parts = {part.name: part for part in containers.parts()}
    assert parts["flume"].state == "dead"
    assert "flumelab start flume" in parts["flume"].reason
    network.answers["flume"] = "running"
    assert containers.parts()[0].state == "running"


def test_an_agent_that_nobody_reaches_and_that_writes_its_counters_is_cut_off(
    network: Network, tmp_path: Path
) -> None:
    network.answers["flume"] = "running"
    containers = Containers(LESSONS["url-counts"], tmp_path)
    network.write_counters(tmp_path)
    states = []
    for second in range(8):
        network.now += 1
        network.answers["flume"] = "running" if second in (0, 7) else "gone"
        if second < 4:
            network.write_counters(tmp_path)
        states.append((containers.parts()[0].state, containers.is_cut()))
    running, cut, dead = ("running", False), ("running", True), ("dead", False)
    assert states == [running, running, cut, cut, cut, cut, dead, running]


def test_an_agent_that_has_written_nothing_for_two_seconds_is_dead(
    network: Network, tmp_path: Path
) -> None:
    network.answers["flume"] = "running"
    containers = Containers(LESSONS["url-counts"], tmp_path)
    network.write_counters(tmp_path)
    containers.parts()
    network.answers["flume"] = "gone"
    states = []
    for _ in range(2):
        network.now += 1
        states.append(containers.parts()[0].state)
    assert states == ["running", "dead"]


def test_an_agent_that_has_stopped_cleanly_is_not_cut_off(network: Network, tmp_path: Path) -> None:
    network.answers["flume"] = "running"
    containers = Containers(LESSONS["url-counts"], tmp_path)
    containers.parts()
    network.answers["flume"] = "gone"
    for _ in range(3):
        network.now += 1
        network.write_counters(tmp_path, final=True)
        parts = containers.parts()
    assert (parts[0].state, containers.is_cut()) == ("dead", False)
