"""Checks in containers: what a part that does not start says, and who is waited for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from flumelab import settings
from flumelab.errors import LabError, NotStarted
from flumelab.learn import checking, read
from flumelab.learn.check_containers import CheckContainers
from flumelab.learn.checking import CheckRun, Given
from flumelab.learn.verdict import Result, Verdict
from flumelab.lessons import catalogue
from flumelab.runtimes.docker_compose import DockerCompose
from flumelab.runtimes.runtime import Runtime

ROOT = Path(__file__).parents[4]
DRIVER = """\
Traceback (most recent call last):
  File "/opt/lab/exercises/02-map-and-reduce/blog_pages.py", line 24, in count_pages
    hits = pairs.reduceByKey(plus, 1)
                             ^^^^
NameError: name 'plus' is not defined
"""
MACHINE = """\
Traceback (most recent call last):
  File "/opt/spark/python/pyspark/core/context.py", line 300, in __init__
py4j.protocol.Py4JJavaError: An error occurred while calling None.org.apache.spark.
"""


class NeverUp:
    """A runtime in which services ended while they were starting."""

    def __init__(self, logs: Mapping[str, str]) -> None:
        self._logs = logs

    def up(self, *_ignored: Any) -> None:
        raise NotStarted("docker compose up failed", self._logs)


def verdict(logs: Mapping[str, str]) -> Verdict:
    exercise = read.find(read.all_of(ROOT), "map-and-reduce")
    runtime = cast(Runtime, NeverUp(logs))
    return checking.check(
        CheckRun(exercise, exercise.solution, Given(1, 100), runtime, settings.load(), print)
    )


@pytest.fixture
def program() -> str:
    exercise = read.find(read.all_of(ROOT), "map-and-reduce")
    assert exercise.run
    return exercise.run.lesson.program.service


def test_a_learners_own_error_is_told_with_its_line(program: str) -> None:
    told = verdict({"flume": "refused", program: DRIVER})
    assert (told.result, told.cause) == (Result.WRONG, "error")
    assert "blog_pages.py, line 24: NameError: name 'plus' is not defined" in told.message


def test_a_program_that_ends_at_once_is_wrong(program: str) -> None:
    told = verdict({program: "done\n"})
    assert (told.result, told.cause) == (Result.WRONG, "ended")


@pytest.mark.parametrize("logs", [{"flume": "refused"}, {}])
def test_another_part_that_does_not_start_counts_against_nobody(logs: Mapping[str, str]) -> None:
    assert verdict(logs).result is Result.UNKNOWN


def test_an_error_of_spark_counts_against_nobody(program: str) -> None:
    assert verdict({program: MACHINE}).result is Result.UNKNOWN


def test_flume_need_not_be_healthy_and_no_program_starts_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, ...]] = []

    def output(self: DockerCompose, *words: str, environment: Mapping[str, str] = {}) -> str:
        asked.append(words)
        if words[0] == "config":
            assert environment["LAB_RESTART"] == "no"
            return "loadgen\nflume\nstream\n"
        return ""

    monkeypatch.setattr(DockerCompose, "output", output)
    CheckContainers(settings.load()).up(catalogue.find("stateless"), print)
    up = [words for words in asked if words[0] == "up"]
    assert up == [
        ("up", "--detach", "--no-build", "--wait", "loadgen", "stream"),
        ("up", "--detach", "--no-build"),
    ]


def test_what_has_ended_is_shown_and_not_what_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flume comes first in the flow, but it is only starting."""
    rows = (
        '{"Service": "flume", "Name": "f", "State": "running", "Health": "starting"}\n'
        '{"Service": "stream", "Name": "s", "State": "exited", "Health": ""}\n'
    )

    def output(self: DockerCompose, *words: str, **_ignored: Any) -> str:
        if words[0] == "up":
            raise LabError("docker compose up failed")
        return {"ps": rows if up else "", "logs": f"the log of {words[-1]}"}.get(words[0], "")

    up = []
    monkeypatch.setattr(DockerCompose, "output", output)
    with pytest.raises(NotStarted, match="the log of stream") as raised:
        CheckContainers(settings.load()).up(catalogue.find("stateless"), lambda _: up.append(1))
    assert raised.value.logs == {"stream": "the log of stream"}


def test_a_program_that_has_ended_keeps_the_counts_that_were_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = "running"

    def output(self: DockerCompose, *words: str, **_ignored: Any) -> str:
        if words[0] == "ps":
            return f'{{"Service": "stream", "Name": "s", "State": "{state}", "Health": ""}}\n'
        if state != "running" or broken:
            raise LabError("docker compose exec failed")
        return '{"totals": {"/": 3}, "malformed": 0}'

    broken = False
    monkeypatch.setattr(DockerCompose, "output", output)
    runtime = CheckContainers(settings.load())
    assert runtime.counts().by_key() == {"/": 3}
    broken = True
    monkeypatch.setattr("flumelab.learn.check_containers.END_SECONDS_MAX", 0.1)
    with pytest.raises(LabError, match="exec failed"):
        runtime.counts()
    state = "exited"
    assert runtime.counts().by_key() == {"/": 3}
