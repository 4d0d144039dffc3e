"""The experiments as a user runs them: prediction, theory and measurement, and the picture.

Here those whose results are known to the line. EXPERIMENT_SEED gives other lines. The last one is
for `make faults`; `make experiments` runs all, with several loads.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import ROOT, LocalLab
from tests.support.ports import free_ports

SEED = os.environ.get("EXPERIMENT_SEED", "7")
SECONDS_MAX = 240


class Experiments:
    def __init__(self, state: Path) -> None:
        self._lab = LocalLab(state)
        [link] = free_ports(1)
        self.state = state
        self.environment = {**self._lab.environment, "LAB_LINK_PORT": str(link)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flumelab", "experiment", *words],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    def result(self, name: str, *options: str) -> tuple[int, dict[str, Any]]:
        done = self.run("run", name, "--seed", SEED, "--json", *options)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def picture(self, name: str) -> str:
        return (self.state / "experiments" / name / "latest" / "picture.html").read_text()


def test_a_killed_agent_loses_exactly_what_its_memory_channel_held(tmp_path: Path) -> None:
    its = Experiments(tmp_path)
    code, found = its.result("memory-channel", "--lost", "5000", "--twice", "0")
    assert (code, found["verdict"]) == (0, "true"), found
    assert found["measured"]["lost"] == 5_000
    assert found["lost_lines"] == [[1_001, 6_000]]
    assert found["prediction"]["right"] is True
    assert "Only its channel had lines 1,001 to 6,000: they are gone." in _text(its.picture(
        "memory-channel"
    ))  # fmt: skip
    shown = its.run("show", "memory-channel")
    assert shown.stdout.startswith("memory-channel: true: ")
    assert not list(tmp_path.glob("experiments/.lab/local/*"))  # nothing is left of the lab


def test_a_lost_ok_brings_one_batch_twice(tmp_path: Path) -> None:
    its = Experiments(tmp_path)
    code, found = its.result("file-channel-lost-ok", "--lost", "0", "--twice", "0")
    assert (code, found["verdict"]) == (0, "true"), found
    assert (found["measured"]["lost"], found["twice_lines"]) == (0, [[3_001, 4_000]])
    assert found["prediction"]["right"] is False


@pytest.mark.skipif("FAULT_KILLS" not in os.environ, reason="run by make faults")
def test_a_lost_ok_brings_no_line_twice_if_the_lines_have_their_places(tmp_path: Path) -> None:
    its = Experiments(tmp_path)
    code, found = its.result("exactly-once-lost-ok")
    assert (code, found["verdict"]) == (0, "true"), found
    assert (found["measured"]["lost"], found["measured"]["twice"]) == (0, 0)
    assert found["hops"]["left the sink"] == 11_000  # the batch did come again
    assert found["hops"]["in the landing log"] == 10_000
    assert "The log has the places of batch 4 already" in _text(its.picture("exactly-once-lost-ok"))


def _text(page: str) -> str:
    """The words of a page, without its marks; a note in the picture has several lines."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())
