"""The Structured Streaming profile of compose.yaml, by flumelab, with workers that die.

FAULT_KILLS says how often (`make faults`: 20), FAULT_SEED when.
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

from tests.support.lab import free_ports

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
LINES = 200_000
SECONDS = 10  # in which they come
SECONDS_MAX = 300


def flumelab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flumelab", *arguments, "--runtime", "docker"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * SECONDS_MAX,
        check=False,
    )


def ledger() -> dict[str, Any]:
    done = flumelab("ledger", "--json", "--wait", str(SECONDS_MAX))
    result: dict[str, Any] = json.loads(done.stdout)
    result["differences"] = len(result["differences"])
    return result


def remove() -> None:
    command = ["docker", "compose", "down", "--volumes"]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS_MAX, check=True)


@pytest.fixture(scope="module", autouse=True)
def lab(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    names = ("LAB_METRICS_PORT", "LAB_UI_PORT", "LAB_MASTER_PORT")
    with pytest.MonkeyPatch.context() as environment:
        for name, port in zip(names, free_ports(len(names)), strict=True):
            environment.setenv(name, str(port))
        environment.setenv("COMPOSE_PROFILES", "structured,url-counts")
        environment.setenv("LAB_STATE", str(tmp_path_factory.mktemp("state")))
        remove()  # what an interrupted run may have left
        try:
            up = flumelab("up", "--app", "structured")
            assert up.returncode == 0, up.stderr
            yield
        finally:
            remove()


@pytest.mark.parametrize("number", range(KILLS))
def test_a_spark_worker_killed_under_load_counts_each_line_once(number: int) -> None:
    chance = random.Random(SEED + number)
    before = ledger()["generated"]
    options = ["--lines", str(LINES), "--rate", str(LINES / SECONDS), "--seed", str(1 + number)]
    feed = subprocess.Popen(
        [sys.executable, "-m", "flumelab", "feed", "--runtime", "docker", *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(chance.uniform(1, SECONDS))  # the moment is what is tried, nothing waits for it
    # With it goes its executor; the container is started again, as it failed.
    worker = str(chance.choice((1, 2)))
    kill = ["exec", "-T", "--index", worker, "spark-worker", "pkill", "-9", "java"]
    subprocess.run(["docker", "compose", *kill], cwd=ROOT, capture_output=True, check=False)
    assert feed.wait(SECONDS_MAX) == 0
    result = ledger()
    assert result["balanced"], result
    assert result["generated"] == before + LINES
