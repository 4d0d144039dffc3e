"""The bucket and the database of compose.yaml, while the driver and the database die."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flumelab import settings
from flumelab.lessons import catalogue
from flumelab.runtimes.docker import DockerRuntime
from tests.support.docker_lab import PORTS, ROOT, SECONDS_MAX
from tests.support.ports import free_ports
from tests.support.spark import wait_for

SERVERS = ("LAB_KAFKA_PORT", "LAB_S3_PORT", "LAB_DB_PORT")
LINES = 3_000
RATE = 1_000


@pytest.fixture(autouse=True)
def ports(images: None, monkeypatch: pytest.MonkeyPatch) -> None:
    names = PORTS + SERVERS
    for name, port in zip(names, free_ports(len(names)), strict=True):
        monkeypatch.setenv(name, str(port))


@pytest.fixture
def runtime() -> Iterator[DockerRuntime]:
    runtime = DockerRuntime(settings.load())
    runtime.wipe(print)
    yield runtime
    runtime.wipe(print)


def compose(*arguments: str) -> None:
    command = ["docker", "compose", "--profile", "*", *arguments]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=SECONDS_MAX)


def test_each_hour_is_in_mariadb_once_though_driver_and_database_die(
    runtime: DockerRuntime,
) -> None:
    lesson = catalogue.find("s3-to-mysql")
    scenario = ["--scenario", lesson.scenario]
    options = [*scenario, *runtime.target_options(lesson), "--malformed", "0.01"]
    service = lesson.program.service

    def feed() -> None:
        numbers = ["--lines", str(LINES), "--rate", str(RATE)]
        assert runtime.feed([*options, *numbers], None, quiet=True) == 0

    def found() -> dict[str, int]:
        return runtime.counts().by_key()

    runtime.build(print, lesson.servers)
    runtime.up(lesson, print)
    feed()
    wait_for(found, "the first hours are stored", SECONDS_MAX)
    compose("kill", "db")
    with ThreadPoolExecutor() as aside:
        feeding = aside.submit(feed)  # hours that must wait, however fast the first ones arrived
        wait_for(lambda: "is unreachable; waiting" in runtime.log_tail(service, 99), "it says so")
        compose("start", "db")
        # The container fails with it, and the engine starts it again.
        compose("exec", "-T", service, "pkill", "-9", "java")
        feeding.result()
    expected = lesson.answer.rows(runtime.expected([*scenario, *lesson.answer.options]))
    assert sum(expected.values()) == 2 * LINES
    wait_for(lambda: found() == expected, "every line is counted once")
