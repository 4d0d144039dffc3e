"""The page in a container: which lesson runs, and which parts it can reach."""

import socket

import pytest

from flumelab.lessons.catalogue import LAB_LESSONS, LESSONS
from flumelab.page import container_parts
from flumelab.page.container import lesson_of
from flumelab.page.container_parts import Containers, ports_of


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


def test_the_parts_are_those_of_compose_in_the_order_of_the_flow() -> None:
    assert list(ports_of(LESSONS["url-counts"])) == [
        *("flume", "spark-master", "spark-worker", "spark-ingest", "url-counts"),
    ]
    assert list(ports_of(LESSONS["structured"])) == [
        *("flume-exactly-once", "receiver", "spark-master", "spark-worker", "structured"),
    ]
    assert {"kafka", "reader"} < ports_of(LESSONS["from-kafka"]).keys()


def test_a_part_that_was_there_and_is_gone_is_dead_and_one_that_never_was_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = {"flume": "running"}

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        state = answers.get(address[0])
        if state == "running":
            return socket.socket()
        raise (ConnectionRefusedError() if state == "starting" else socket.gaierror())

    monkeypatch.setattr(container_parts.socket, "create_connection", connect)
    containers = Containers(LESSONS["url-counts"])
    states = {part.name: part.state for part in containers.parts()}
    assert (states["flume"], states["url-counts"]) == ("running", "down")
    answers.update({"flume": "gone", "url-counts": "starting"})
    parts = {part.name: part for part in containers.parts()}
    assert (parts["flume"].state, parts["url-counts"].state) == ("dead", "starting")
    assert "flumelab up" in parts["flume"].reason
    answers["flume"] = "running"
    assert containers.parts()[0].state == "running"
