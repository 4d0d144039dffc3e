"""Exercises through real Flume and Spark: each file gets its own verdict, and cheating none.

All checks share one warm JVM, as in `flumelab learn`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flumelab import settings
from flumelab.learn import read, verify, warm_spark
from flumelab.learn.exercise import Exercise
from flumelab.learn.verdict import Result, Verdict
from flumelab.learn.workshop import Workshop
from tests.support.ports import free_ports

ROOT = Path(__file__).parents[2]
PROVED, WRONG = "first-conf", ("port-by-hand.conf", "short-lines.conf", "channels-of-a-sink.conf")
"""The exercise that every run of the tests proves, with wrong answers of three kinds: nothing
arrives, too much does, and the linter refuses it. `make classroom` proves all of all."""
SEED = random.SystemRandom().randrange(1, 1_000_000)  # its number is in the message of a failure


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    ports = dict(zip(("ui_port", "receiver_port", "metrics_port"), free_ports(3), strict=True))
    state = tmp_path_factory.mktemp("learn")
    made = Workshop(replace(settings.load(), state=state, **ports), docker=False, report=print)
    made.keeps_flume = True
    yield made
    made.close()
    made.stop()
    assert warm_spark.record(made.folder) is None


@pytest.fixture
def pages(workshop: Workshop) -> Exercise:
    return read.find(workshop.exercises(), "map-and-reduce")


def test_an_exercise_is_proved(workshop: Workshop) -> None:
    exercise = read.find(workshop.exercises(), PROVED)
    wrong = tuple(each for each in exercise.wrong if each.file.name in WRONG)
    assert len(wrong) == len(WRONG)
    exercise = replace(exercise, wrong=wrong)
    for proof in verify.verify(workshop, [exercise], [SEED]):
        print(proof.file.name, proof.verdict.result, proof.verdict.cause, proof.verdict.steps)
        assert proof.holds, f"seed {SEED}, {proof.file}: {proof.verdict}"


def cheat(workshop: Workshop, exercise: Exercise, folder: Path, old: str, new: str) -> Verdict:
    """Check the solution with a part replaced."""
    text = exercise.solution.read_text()
    assert old in text
    file = folder / "cheat.py"
    file.write_text(text.replace(old, new))
    return workshop.check(exercise, file, SEED)


ADD = "hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))"


def test_the_right_numbers_of_other_lines_are_wrong(
    workshop: Workshop, pages: Exercise, tmp_path: Path
) -> None:
    right = workshop.check(pages, pages.solution, SEED + 1)
    assert right.result is Result.RIGHT, right
    constants = f"lab.store.put('once', {list(right.found.items())!r})"
    verdict = cheat(
        workshop, pages, tmp_path, ADD, f"hits.foreachRDD(lambda time, rdd: {constants})"
    )
    assert verdict.result is Result.WRONG, verdict


def test_a_program_that_patches_the_result_store_gets_its_own_numbers_only(
    workshop: Workshop, pages: Exercise, tmp_path: Path
) -> None:
    patch = (
        "from flumelab.learn import causes, checking, messages\n"
        "    from flumelab.programs.result_store import ResultStore\n"
        "    ResultStore.counts = lambda self: (_ for _ in ()).throw(KeyError('counts'))\n"
        "    causes.Outcome.differing = property(lambda self: [])\n"
        "    checking._after = lambda one, outcome: one.verdict('right')\n"
        "    hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.take(3)))"
    )
    verdict = cheat(workshop, pages, tmp_path, ADD, patch)
    assert verdict.result is Result.WRONG, verdict
    assert len(verdict.found) < len(verdict.expected)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    lab.run_streams(count_pages)", "    raise SystemExit(0)"),
        (
            ADD,
            f"{ADD}\n    hits.foreachRDD(lambda rdd: rdd.isEmpty() or __import__('os')._exit(0))",
        ),
    ],
    ids=["at once", "after the first counts"],
)
def test_a_program_that_exits_early_does_not_pass(
    workshop: Workshop, pages: Exercise, tmp_path: Path, old: str, new: str
) -> None:
    verdict = cheat(workshop, pages, tmp_path, old, new)
    assert verdict.result is Result.WRONG, verdict
    assert verdict.message


def test_a_fault_of_the_machine_is_no_wrong_answer(workshop: Workshop, pages: Exercise) -> None:
    """The port of the receiver is in use."""
    listen = (
        "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));"
        "print('up', flush=True); time.sleep(600)"
    )
    port = str(workshop.settings.receiver_port)
    command = [sys.executable, "-c", listen, port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as other:
        try:
            assert other.stdout and other.stdout.readline() == b"up\n"
            verdict = workshop.check(pages, pages.solution, SEED)
        finally:
            other.kill()
    assert verdict.result is Result.UNKNOWN, verdict
    assert f"port {port} is in use" in verdict.message
