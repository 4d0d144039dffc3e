"""The Structured Streaming profile of compose.yaml, run by flumelab, with workers that die.

FAULT_KILLS is the number of kills (`make faults`: 20), FAULT_SEED decides their moments.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.support.docker_lab import ROOT, SECONDS_MAX, lab_of, ledger
from tests.support.spark import wait_for

KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
LINES = 200_000
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
