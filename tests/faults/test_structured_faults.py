"""Kill parts of the Structured Streaming lab under load, or fill its disk: every URL's count is
right all the same.

By default each part is killed once, all of them in one load. FAULT_KILLS says how often each is
killed in a load of its own (`make faults`: 20), FAULT_SEED when.
"""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from flumelab.runtimes.processes import kill
from tests.support.disk import mount, mounted
from tests.support.lab import ROOT, LocalLab
from tests.support.spark import wait_for

KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
SOURCE_RUNNER = "pyspark.sql.streaming.python_streaming_source_runner"
LINES = 60_000 if KILLS == 1 else 200_000
SECONDS = KILLS * 15  # in which they come; a driver needs 10 to count again
ROOM = "2g"  # for the landing log


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLab]:
    lab = LocalLab(tmp_path_factory.mktemp("lab"))
    with contextlib.ExitStack() as disk:
        with contextlib.suppress(pytest.skip.Exception):  # that of a disk that fills skips then
            disk.enter_context(mounted(lab.state / "landing", ROOM))
        lab.ok("up", "--lesson", "structured")
        yield lab
        lab.end()


@contextlib.contextmanager
def load(lab: LocalLab) -> Iterator[None]:
    """Lines come; until the last one has come."""
    options = ["--lines", str(LINES), "--rate", str(LINES / SECONDS), "--seed", str(SEED)]
    generator = subprocess.Popen(
        [sys.executable, "-m", "flumelab", "feed", "--runtime", "local", *options],
        env=lab.environment,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        assert generator.wait(SECONDS + 60) == 0
    finally:
        generator.terminate()


def python_workers(lab: LocalLab) -> list[psutil.Process]:
    """Those that run tasks, and the one in which the source itself lives."""
    workers = []
    for process in lab.processes("structured"):
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = process.parent()
            runs_tasks = parent and "pyspark.daemon" in parent.cmdline()
            if runs_tasks or SOURCE_RUNNER in process.cmdline():
                workers.append(process)
    return workers


def go_on(lab: LocalLab) -> None:
    """Start what has ended, as a supervisor would."""
    lab.ok("up", "--lesson", "structured")


def kill_the_driver(lab: LocalLab, chance: random.Random) -> None:
    lab.kill("structured")
    go_on(lab)


def kill_a_python_worker(lab: LocalLab, chance: random.Random) -> None:
    # Where the last kill hit the source's own process, the program has ended by now.
    workers = wait_for(lambda: python_workers(lab) or go_on(lab), "a Python worker runs")
    kill([chance.choice(workers)])


STRIKES = [kill_a_python_worker, kill_the_driver]
LOADS = [KILLS * [strike] for strike in STRIKES] if KILLS > 1 else [STRIKES]


@pytest.mark.parametrize("strikes", LOADS, ids=lambda strikes: strikes[-1].__name__)
def test_what_is_struck_under_load_counts_each_line_once(
    lab: LocalLab, strikes: list[Callable[[LocalLab, random.Random], None]]
) -> None:
    chance = random.Random(SEED)
    with load(lab):
        for strike in strikes:
            time.sleep(chance.uniform(1, SECONDS / len(strikes)))  # the moment is what is tried
            strike(lab, chance)
    deadline = time.monotonic() + 120
    # A task is tried again; the source's own process is not, and the program ends with it.
    while time.monotonic() < deadline and not lab.json("ledger", "--wait", "5")["balanced"]:
        go_on(lab)
    assert lab.balanced()["duplicated"] == 0


def test_while_the_disk_is_full_flume_waits_and_then_each_line_is_counted_once(
    lab: LocalLab,
) -> None:
    landing, log = lab.state / "landing", lab.state / "logs" / "receiver.log"
    lab.balanced()
    full = os.statvfs(landing)
    used = (full.f_blocks - full.f_bfree) * full.f_frsize
    mount("-o", f"remount,size={used + 64 * 1024}", landing)
    lab.ok("feed", "--lines", "20000", "--rate", "0")
    wait_for(lambda: "No space left on device" in log.read_text(), "the disk is full")
    held = lab.json("ledger")
    assert held["flume_sent"] < held["spooled"] == held["generated"]
    mount("-o", f"remount,size={ROOM}", landing)
    assert lab.balanced()["duplicated"] == 0
    assert log.read_text().count("accepts batches again") == 1
