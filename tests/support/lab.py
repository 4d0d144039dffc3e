"""A local lab for one test, with its own state folder and ports."""

import contextlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Self

import psutil

from flumelab.runtimes.processes import (
    SERVICE_VARIABLE,
    all_processes,
    has_ended,
    kill,
    wait_until_ended,
)
from tests.support.ports import free_ports
from tests.support.spark import wait_for

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 240


def is_gone(process: psutil.Process) -> bool:
    try:
        return has_ended(process)
    except psutil.NoSuchProcess:
        return True


class LocalLab:
    """`flumelab --runtime local`, called as a user would."""

    def __init__(self, state: Path, **environment: str) -> None:
        receiver, second, metrics, receiver_metrics, ui = free_ports(5)
        self.state = state / "local"
        self.ports = (receiver, metrics, ui)
        self.environment = {
            **os.environ,
            "LAB_STATE": str(state),
            "LAB_RECEIVER_PORT": str(receiver),
            "LAB_SECOND_PORT": str(second),
            "LAB_METRICS_PORT": str(metrics),
            "LAB_RECEIVER_METRICS_PORT": str(receiver_metrics),
            "LAB_UI_PORT": str(ui),
            **environment,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def run(self, command: str, *options: str, **environment: str) -> subprocess.CompletedProcess:
        """Run a command to its end; any exit code is accepted."""
        return subprocess.run(
            [sys.executable, "-m", "flumelab", command, "--runtime", "local", *options],
            env={**self.environment, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    def ok(self, command: str, *options: str) -> str:
        """Run a command that must succeed; return what it prints."""
        done = self.run(command, *options)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, command: str, *options: str) -> Any:
        """Run a command with --json; return what it prints, whatever its exit code."""
        return json.loads(self.run(command, "--json", *options).stdout)

    def balanced(self, seconds: int = 200) -> dict[str, Any]:
        """Wait until the ledger balances and return it."""
        result = self.json("ledger", "--wait", str(seconds))
        differences = result.pop("differences")
        assert result["balanced"], f"{result}, {len(differences)} URLs differ"
        return result

    def urls(self) -> Counter[str]:
        return Counter(self.json("counts")["urls"])

    def processes(self, service: str = "") -> list[psutil.Process]:
        """Return the running processes of the lab, or of one service, including children."""
        return [p for p in all_processes() if self._owns(p, service)]

    @staticmethod
    def processes_of(state: str) -> list[psutil.Process]:
        """Return the processes of a state folder, including children."""
        found = []
        for process in all_processes():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(SERVICE_VARIABLE, "").startswith(f"{state}:"):
                    found.append(process)
        return found

    def end(self) -> None:
        """Kill all that is left: a clean stop takes ten seconds, and has its own tests."""
        while left := self.processes():
            kill(left)
            wait_until_ended(left, 1)

    def kill(self, service: str) -> None:
        """kill -9 a service with all its children."""
        killed = self.processes(service)
        kill(killed)
        wait_for(lambda: all(map(is_gone, killed)), f"{service} is gone")

    def process(self, name: str) -> psutil.Process:
        """Return a service's own process."""
        return psutil.Process(json.loads((self.state / "processes.json").read_text())[name]["pid"])

    def process_is_gone(self, name: str) -> bool:
        try:
            return is_gone(self.process(name))
        except psutil.NoSuchProcess:
            return True

    def _owns(self, process: psutil.Process, service: str) -> bool:
        try:
            state, _, name = process.environ().get(SERVICE_VARIABLE, "").rpartition(":")
            mine = state == str(self.state) and service in ("", name)
            return mine and not has_ended(process)
        except psutil.Error:
            return False
