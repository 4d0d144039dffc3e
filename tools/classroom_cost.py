"""What a class costs on this machine, measured: make classroom-cost LEARNERS=5.

    python -m tools.classroom_cost --learners 5

Each learner watches an exercise (`flumelab learn`). All save their solutions at the same moment.
The tool prints memory and CPU while all wait, while they are checked, and afterwards. It needs
learners of a class that has been made by `flumelab classroom up`.
"""

import argparse
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flumelab import settings
from flumelab.classroom import cost, progress_seen, roll
from flumelab.classroom.roll import Learner, Roll
from flumelab.learn import progress, read
from flumelab.learn.exercise import Exercise

MIB = 1 << 20
IDLE_SECONDS = 15
WARM_SECONDS_MAX = 120
CHECK_SECONDS_MAX = 600


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=5)
    parser.add_argument("--exercise", default="map-and-reduce")
    options = parser.parse_args()
    configured = settings.load()
    of = roll.read(roll.folder_of(configured))
    if of is None:
        parser.error("there is no class; flumelab classroom up makes one")
    chosen = of.all()[: options.learners]
    exercise = read.find(read.all_of(configured.root), options.exercise)
    watching = [_watch(of, learner, exercise, configured.root) for learner in chosen]
    try:
        print(json.dumps(_measure(of, chosen, exercise, configured.root), indent=2))
    finally:
        for each in watching:
            each.terminate()
        cost.end_all(of, 10)


def _watch(of: Roll, learner: Learner, exercise: Exercise, root: Path) -> "subprocess.Popen[bytes]":
    place = learner.folder / exercise.file.relative_to(root)
    shutil.copyfile(exercise.starter, place)
    progress.write(learner.learn / "progress", progress.Progress((), exercise.name))
    log = (learner.folder / "watch.log").open("wb")
    command = [str(learner.folder / "bin/flumelab"), "learn"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _measure(of: Roll, chosen: list[Learner], exercise: Exercise, root: Path) -> dict[str, Any]:
    def warm() -> bool:
        return all((learner.learn / "spark.json").exists() for learner in chosen)

    def done() -> bool:
        seen = [progress_seen.of(learner, [exercise.name]) for learner in chosen]
        return all(each.done for each in seen)

    _sampled(of, warm, WARM_SECONDS_MAX)
    before = _idle(of, len(chosen))
    for learner in chosen:
        place = learner.folder / exercise.file.relative_to(root)
        shutil.copyfile(exercise.solution, place)
    started, used = time.monotonic(), _cpu_seconds()
    peak = _sampled(of, done, CHECK_SECONDS_MAX)
    seconds, used = time.monotonic() - started, _cpu_seconds() - used
    after = _idle(of, len(chosen))
    return {
        "learners": len(chosen),
        "checks_at_once": of.checks,
        "preset": of.preset,
        "cores": os.cpu_count(),
        "warm_and_idle": before,
        "all_checked": {
            "right": done(),
            "seconds": round(seconds, 1),
            "cpu_seconds_of_the_machine": round(used, 1),
            "peak_mib_each": [round(each / MIB) for each in peak.values() if each],
            "peak_mib_of_all": round(sum(peak.values()) / MIB),
        },
        "watching_after_a_check": after,
    }


def _sampled(of: Roll, until: Callable[[], bool], seconds: float) -> dict[int, int]:
    """Return each learner's highest PSS until something is so."""
    peak: dict[int, int] = {}
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        for number, each in cost.of_all(of).items():
            peak[number] = max(peak.get(number, 0), each.pss)
        time.sleep(0.3)
    return peak


def _idle(of: Roll, learners: int) -> dict[str, Any]:
    """Wait until the machine is quiet, then return memory and CPU of a while."""
    time.sleep(5)
    first = cost.of_all(of)
    time.sleep(IDLE_SECONDS)
    last = cost.of_all(of)
    spent = sum(last[number].cpu_seconds - first[number].cpu_seconds for number in last)
    return {
        "pss_mib_each": [round(each.pss / MIB) for each in last.values() if each.processes],
        "rss_mib_each": [round(each.rss / MIB) for each in last.values() if each.processes],
        "processes_each": [each.processes for each in last.values() if each.processes],
        "cpu_percent_of_a_core_each": round(100 * spent / IDLE_SECONDS / learners, 1),
    }


def _cpu_seconds() -> float:
    """CPU time of the whole machine, without waiting."""
    ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks[:8]) - idle) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
