"""Metrics as Prometheus reads them, and promtool, which checks them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TEXT = "text/plain; version=0.0.4"

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(port: int, accept: str = TEXT, path: str = "/metrics") -> requests.Response:
    """Ask for metrics as Prometheus does."""
    url = f"http://127.0.0.1:{port}{path}"
    answer = requests.get(url, headers={"Accept": accept}, timeout=10)
    answer.raise_for_status()
    return answer


class Metrics:
    """The samples of one answer, by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self._values: Values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """The value of a sample; None if there is none."""
        return self._values.get((name, frozenset(labels.items())))

    def labels(self, name: str, label: str) -> set[str]:
        """The values of a label of a metric."""
        return {dict(of)[label] for metric, of in self._values if metric == name}


def promtool() -> str:
    """The path of promtool; the test skips without it."""
    found = shutil.which("promtool")
    if not found:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    return found


def lint(text: str) -> list[str]:
    """What ``promtool check metrics`` remarks about an answer, a line each."""
    done = subprocess.run(
        [promtool(), "check", "metrics"], input=text, capture_output=True, text=True, timeout=60
    )
    return (done.stdout + done.stderr).splitlines()


def check(*arguments: str | Path) -> str:
    """Run ``promtool``; return what it prints, and fail if it finds something."""
    done = subprocess.run(
        [promtool(), *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
