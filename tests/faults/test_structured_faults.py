"""Kill parts of the Structured Streaming lab under load: every URL's count is right all the same.

FAULT_KILLS says how often (`make faults`: 20), FAULT_SEED when.
"""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.support.lab import ROOT, LocalLab
from tests.support.spark import wait_for

KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
SOURCE_RUNNER = "pyspark.sql.streaming.python_streaming_source_runner"
LINES = 200_000
SECONDS = 15  # in which they come, for each kill; a driver needs 10 to count again


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLab]:
    lab = LocalLab(tmp_path_factory.mktemp("lab"))
    lab.ok("up", "--app", "structured")
    yield lab
    lab.end()


@contextlib.contextmanager
def load(lab: LocalLab, seed: int) -> Iterator[None]:
    """Lines come; until the last one has come."""
    rate = LINES / SECONDS / KILLS
    options = ["--lines", str(LINES), "--rate", str(rate), "--seed", str(seed)]
    generator = subprocess.Popen(
        [sys.executable, "-m", "flumelab", "feed", "--runtime", "local", *options],
        env=lab.environment,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        assert generator.wait(SECONDS * KILLS + 60) == 0
    finally:
        generator.terminate()


def driver_family(lab: LocalLab) -> list[psutil.Process]:
    mark = f"{lab.state}:structured"
    family = []
    for process in lab.processes():
        with contextlib.suppress(psutil.NoSuchProcess):  # one that ends just now
            if process.environ().get("FLUMELAB_SERVICE") == mark:
                family.append(process)
    return family


def python_workers(lab: LocalLab) -> list[psutil.Process]:
    """Those that run tasks, and the one in which the source itself lives."""
    workers = []
    for process in driver_family(lab):
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = process.parent()
            runs_tasks = parent and "pyspark.daemon" in parent.cmdline()
            if runs_tasks or SOURCE_RUNNER in process.cmdline():
                workers.append(process)
    return workers


def go_on(lab: LocalLab) -> None:
    """Start what has ended, as a supervisor would."""
    lab.ok("up", "--app", "structured")


def test_a_driver_killed_under_load_counts_each_line_once(lab: LocalLab) -> None:
    chance = random.Random(SEED)
    with load(lab, seed=1):
        for _ in range(KILLS):
            time.sleep(chance.uniform(1, SECONDS))  # the moment is what is tried
            for process in driver_family(lab):
                process.kill()
            wait_for(lambda: not driver_family(lab), "the driver is gone")
            go_on(lab)
    assert lab.balanced()["duplicated"] == 0


def test_a_python_worker_killed_under_load_counts_each_line_once(lab: LocalLab) -> None:
    chance = random.Random(SEED)
    with load(lab, seed=2):
        for _ in range(KILLS):
            time.sleep(chance.uniform(1, SECONDS))
            # Where the last kill hit the source's own process, the program has ended by now.
            workers = wait_for(lambda: python_workers(lab) or go_on(lab), "a Python worker runs")
            with contextlib.suppress(psutil.NoSuchProcess):
                chance.choice(workers).kill()
    deadline = time.monotonic() + 120
    # A task is tried again; the source's own process is not, and the program ends with it.
    while time.monotonic() < deadline and not lab.json("ledger", "--wait", "5")["balanced"]:
        go_on(lab)
    assert lab.balanced()["duplicated"] == 0
