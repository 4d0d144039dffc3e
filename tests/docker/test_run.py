"""`flumelab run` in Docker, from a program's start to its verdict; `make lessons` runs them all."""

import json

import pytest

from tests.support.docker_lab import PORTS, flumelab
from tests.support.lab import free_ports


@pytest.mark.parametrize(
    ("app", "lines"), [("stateless", 10_000), ("pull", 50_000), ("fan-out", 10_000)]
)
def test_a_program_finds_what_was_sent_and_leaves_nothing(
    images: None, monkeypatch: pytest.MonkeyPatch, app: str, lines: int
) -> None:
    for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True):
        monkeypatch.setenv(name, str(port))

    done = flumelab("run", app, "--lines", str(lines), "--rate", "0", "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["right"]
    assert sum(result["found"].values()) >= lines
    assert "\x1b" not in result["output"]
