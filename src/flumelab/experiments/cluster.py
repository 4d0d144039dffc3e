"""A small Spark cluster on this host for one experiment: a master and two workers.

The lab's local runtime lets the driver run the tasks. A worker that can be killed has to be a
process of its own, whose executor is its child and dies with it.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil

from flumelab.errors import LabError
from flumelab.runtimes import class_data_sharing
from flumelab.runtimes.port_probe import answers, free_port
from flumelab.runtimes.processes import SERVICE_VARIABLE, Processes, all_processes
from flumelab.settings import LOOPBACK

MASTER, WORKERS = "spark-master", ("spark-worker-1", "spark-worker-2")
CORES, MEMORY = 2, "1g"  # a receiver holds one core; an executor has 512 MB
START_SECONDS_MAX = 120


class Cluster:
    """Its processes have a state folder of their own.

    :param state: that folder
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        self._processes = Processes(state)
        self._port = free_port()

    @property
    def url(self) -> str:
        """The address for ``--master``."""
        return f"spark://{LOOPBACK}:{self._port}"

    def start(self) -> list[str]:
        """Start what does not run, and return what had died."""
        dead = list(self._processes.dead())
        running = self._processes.running()
        if MASTER not in running:
            place = ("--host", LOOPBACK, "--port", str(self._port), "--webui-port", "0")
            self._start(MASTER, "master.Master", *place)
            self._processes.wait_until(MASTER, partial(answers, self._port), START_SECONDS_MAX)
        for name in WORKERS:
            if name not in running:
                room = ("--cores", str(CORES), "--memory", MEMORY, "--webui-port", "0")
                work = ("--host", LOOPBACK, "--work-dir", str(self._state / name))
                self._start(name, "worker.Worker", *work, *room, self.url)
        for name in WORKERS:
            ready = partial(self._has_said, name, "Successfully registered")
            self._processes.wait_until(name, ready, START_SECONDS_MAX)
        return dead

    def kill_the_worker_that_listens(self, port: int) -> None:
        """Kill the worker with the receiver, together with its executor."""
        for name in WORKERS:
            if any(_listens(process, port) for process in self._members(name)):
                self._processes.kill(name)
                return
        raise LabError(f"no worker has an executor that listens on port {port}")

    def stop(self) -> None:
        """End all of it at once."""
        for name in (*WORKERS, MASTER):
            self._processes.stop(name, 0)

    def _start(self, name: str, kind: str, *options: str) -> None:
        programs = Path(sys.executable).parent
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_DAEMON_JAVA_OPTS": class_data_sharing.QUICK_JVM,
        }
        command = ["spark-class", f"org.apache.spark.deploy.{kind}", *options]
        self._state.mkdir(parents=True, exist_ok=True)
        self._processes.start(name, [str(programs / command[0]), *command[1:]], environment,
                              self._state)  # fmt: skip

    def _has_said(self, name: str, text: str) -> bool:
        log = self._processes.log(name)
        return log.exists() and text in log.read_text(errors="replace")

    def _members(self, name: str) -> Iterator[psutil.Process]:
        label = f"{self._state}:{name}"
        for process in all_processes():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(SERVICE_VARIABLE) == label:
                    yield process


def _listens(process: psutil.Process, port: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(
            each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
            for each in process.net_connections("inet")
        )
    return False
