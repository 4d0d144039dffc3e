"""Run processes in the background, wait for conditions, and measure sides in turn."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from support import ROOT

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS_MAX = 300
LOG_CHARACTERS_MAX = 2000
PYTHON = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYSPARK_PYTHON": sys.executable,
    "SPARK_LOCAL_IP": "127.0.0.1",
}

_running: list[subprocess.Popen[bytes]] = []

# On SIGTERM, too, the started processes are ended.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))


def size(name: str, default: int) -> int:
    """Return how much to measure: the value of `name` in the environment, or `default`."""
    return int(os.environ.get(name, default))


@contextmanager
def running(command: list[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process inside the block, and end it and its children afterwards.

    If the block fails, the end of the process's log is printed.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(
            command, env=os.environ | environment, cwd=ROOT, stdout=log, stderr=log
        )
        _running.append(process)
        try:
            yield process
        except BaseException:
            log.seek(0)
            print(f"{' '.join(command)}:\n{log.read()[-LOG_CHARACTERS_MAX:]}", file=sys.stderr)
            raise
        finally:
            _running.remove(process)
            _end(process)


def wait_until(done: Callable[[], bool], claim: str, poll_seconds: float = 0.05) -> None:
    """Wait for a condition.

    Raises `TimeoutError` with `claim`, and `RuntimeError` if a process ends meanwhile.
    """
    deadline = time.monotonic() + SECONDS_MAX
    while not done():
        for process in _running:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} has ended; before: {claim}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {SECONDS_MAX} s: {claim}")
        time.sleep(poll_seconds)


def accepts(port: int) -> bool:
    """Whether a process listens on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def metric(port: int, component: str, counter: str) -> int:
    """Return a counter of a Flume agent; 0 before the agent has it."""
    try:
        metrics = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).json()
        return int(metrics[component][counter])
    except (requests.RequestException, KeyError):
        return 0


def cpu_seconds() -> Counter[str]:
    """Return the CPU time of the running processes: "flume", "jvm" (Spark's) and "python"."""
    used: Counter[str] = Counter()
    for process in _running:
        parent = psutil.Process(process.pid)
        is_agent = str(process.args[0]).endswith("flume-conf/agent")  # type: ignore[index]
        for each in (parent, *parent.children(recursive=True)):
            try:
                times, name = each.cpu_times(), each.name()
            except psutil.NoSuchProcess:
                continue
            kind = "flume" if is_agent else "jvm" if name == "java" else "python"
            used[kind] += times.user + times.system
    return used


def medians(
    sides: Mapping[str, Callable[[], float]], unit: str, rounds: int = ROUNDS
) -> dict[str, float]:
    """Measure the sides in turn, under equal conditions; print the spreads, return the medians."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            found[name].append(measure())
    for name, rates in found.items():
        spread(name, rates, unit)
    return {name: statistics.median(rates) for name, rates in found.items()}


def spread(name: str, rates: list[float], unit: str) -> None:
    """Print the minimum, the maximum and the median of several runs."""
    middle = statistics.median(rates)
    print(
        f"{name}: {min(rates):,.0f} to {max(rates):,.0f} {unit}, median {middle:,.0f}, "
        f"{len(rates)} runs",
        flush=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children: spark-submit starts Python processes."""
    if process.poll() is None:
        parent = psutil.Process(process.pid)
        family = [*parent.children(recursive=True), parent]
        for each in family:
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(family, timeout=10)
    process.wait()
