"""A program of spark-apps/ in Docker, from its start to its verdict. `make lessons` runs all."""

import json
from pathlib import Path

import pytest

from tests.support.docker_lab import PORTS, flumelab
from tests.support.lab import free_ports


def test_a_program_finds_what_was_sent_and_leaves_nothing(
    images: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True):
        monkeypatch.setenv(name, str(port))
    monkeypatch.setenv("LAB_STATE", str(tmp_path))

    done = flumelab("run", "stateless", "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["right"]
    assert sum(result["found"].values()) > 10_000
    assert flumelab("status").returncode == 1
