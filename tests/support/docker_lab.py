"""A lab of compose.yaml for a test, run as a user would, with its own project name and ports."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_ports

ROOT = Path(__file__).parents[2]
PORTS = ("LAB_METRICS_PORT", "LAB_UI_PORT", "LAB_MASTER_PORT", "LAB_PAGE_PORT")
SECONDS_MAX = 300


def flumelab(
    *arguments: str, seconds: float = 2 * SECONDS_MAX, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; any exit code is accepted."""
    return subprocess.run(
        [sys.executable, "-m", "flumelab", *arguments, "--runtime", "docker"],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def ledger() -> dict[str, Any]:
    """Return the ledger's numbers once it balances, or after `SECONDS_MAX`."""
    done = flumelab("ledger", "--json", "--wait", str(SECONDS_MAX))
    result: dict[str, Any] = json.loads(done.stdout)
    result["differences"] = len(result["differences"])
    return result


@contextmanager
def lab_of(lesson: str) -> Iterator[None]:
    """Start the services of a lesson; remove them in the end, with their volumes."""
    with pytest.MonkeyPatch.context() as environment:
        for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True):
            environment.setenv(name, str(port))
        environment.setenv("COMPOSE_PROFILES", "structured,url-counts,pull,metrics")
        _remove()  # what an interrupted run may have left
        try:
            up = flumelab("up", "--lesson", lesson)
            assert up.returncode == 0, up.stderr
            yield
        finally:
            _remove()


def _remove() -> None:
    command = ["docker", "compose", "down", "--volumes", "--timeout", "0"]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS_MAX, check=True)
