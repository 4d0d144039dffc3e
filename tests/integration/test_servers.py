"""Lessons that read from servers: every line is counted once, whichever part is killed."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from flumelab import settings
from flumelab.counts import MALFORMED
from flumelab.lessons import catalogue
from flumelab.runtimes import servers
from flumelab.runtimes.local import LocalRuntime
from tests.support.lab import SECONDS_MAX, LocalLab, free_ports
from tests.support.spark import ROOT, environment, wait_for

LINES = 15_000
RATE = 1_000


class Lab(LocalLab):
    """A local lab for one lesson, controlled from this process."""

    def __init__(self, lesson: str, state: Path) -> None:
        super().__init__(state)
        self.lesson = catalogue.find(lesson)
        receiver, metrics, ui, kafka, s3, db = free_ports(6)
        configured = replace(
            settings.load(),
            state=state,
            receiver_port=receiver,
            metrics_port=metrics,
            ui_port=ui,
            kafka_port=kafka,
            s3_port=s3,
            db_port=db,
        )
        self.s3_port = s3
        self.runtime = LocalRuntime(configured)
        self.runtime.build(print, self.lesson.servers)
        self.up()

    def up(self) -> None:
        self.runtime.up(self.lesson, print)

    def feed(self, *options: str) -> None:
        scenario = ["--scenario", self.lesson.scenario, *self.runtime.target_options(self.lesson)]
        assert self.runtime.feed([*scenario, "--malformed", "0.01", *options], None, True) == 0

    def found(self) -> dict[str, int]:
        return self.runtime.counts().by_key()

    def expected(self) -> dict[str, int]:
        options = ["--scenario", self.lesson.scenario, *self.lesson.answer.options]
        return self.lesson.answer.rows(self.runtime.expected(options))

    def aside(self, **variables: str) -> "subprocess.Popen[str]":
        """Run the same program once more, outside the lab; `variables` name what it reads."""
        program = ["spark-submit", "--master", "local[1]", "--conf", "spark.ui.enabled=false"]
        program += ["--properties-file", str(ROOT / "spark-conf/spark-defaults.conf")]
        program += ["--jars", f"{ROOT / servers.SPARK_JARS}/*.jar"]
        return subprocess.Popen(
            [*program, str(ROOT / "spark-apps" / self.lesson.program.file)],
            cwd=self.state,
            env=environment(PYTHONWARNINGS="ignore", **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def log(self, service: str) -> str:
        return (self.state / "logs" / f"{service}.log").read_text(errors="replace")


def output_of_failure(program: "subprocess.Popen[str]") -> str:
    """The output of a program that fails; spark-submit prints Python's stderr there, too."""
    output = program.communicate(timeout=SECONDS_MAX)[0]
    assert program.returncode == 1, output
    return output.removesuffix("\n")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[[str], Lab]]:
    started: list[Lab] = []

    def start(lesson: str) -> Lab:
        started.append(Lab(lesson, tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.end()


def test_a_topic_is_counted_once_and_one_that_is_not_there_is_named(
    lab: Callable[[str], Lab],
) -> None:
    kafka = lab("from-kafka")
    place = f"127.0.0.1:{kafka.runtime.target_options(kafka.lesson)[1].split(':')[2].split('/')[0]}"
    nowhere = kafka.aside(KAFKA_SERVERS=place, KAFKA_TOPIC="nowhere")
    kafka.feed("--lines", "5000")
    expected = kafka.expected()
    assert len(expected) > 100
    assert expected[MALFORMED] > 10
    wait_for(lambda: kafka.found() == expected, "every line is counted once")

    assert output_of_failure(nowhere) == (
        f"error: kafka://{place}/nowhere: there is no such topic; create it, or set KAFKA_TOPIC to"
        " an existing one"
    )


def test_each_hour_is_stored_once_though_database_and_driver_die_and_a_stranger_reads_nothing(
    lab: Callable[[str], Lab],
) -> None:
    hours = lab("s3-to-mysql")
    keys = hours.state / "strangers-keys"
    keys.write_text("[default]\naws_access_key_id = nobody\naws_secret_access_key = nothing\n")
    stranger = hours.aside(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{hours.s3_port}",
        AWS_SHARED_CREDENTIALS_FILE=str(keys),
        LOGS_URL="s3a://lab/",
        RESULTS_URL="sqlite:///strangers.db",
    )
    with ThreadPoolExecutor() as aside:
        feeding = aside.submit(hours.feed, "--lines", str(LINES), "--rate", str(RATE))
        wait_for(hours.found, "the first hours are stored")
        if servers.mariadb_server():  # without it, the lesson writes a file of SQLite
            hours.kill("db")
            wait_for(lambda: "is unreachable" in hours.log("reader"), "the program says so")
            assert "is unreachable; waiting" in hours.log("reader")
            hours.up()
            wait_for(lambda: "is back" in hours.log("reader"), "the program goes on")
            log = hours.log("reader")
            assert log.count("is unreachable") == log.count("is back") == 1
        hours.kill("reader")
        hours.up()
        feeding.result()
    expected = hours.expected()
    assert sum(expected.values()) == LINES
    wait_for(lambda: hours.found() == expected, "every line is counted once")

    assert output_of_failure(stranger) == (
        "error: s3a://lab/: these keys may not read it; put keys that may into"
        " AWS_SHARED_CREDENTIALS_FILE"
    )
