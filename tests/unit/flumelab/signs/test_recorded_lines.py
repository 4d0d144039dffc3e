"""Lines that Flume 1.11, Spark 4.3 and the connector have written, and what is made of them.

Each line was written by a run of tests/integration; only paths are shortened.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from flumelab.signs import Part, Snapshot, find
from flumelab.signs.known import known
from flumelab.signs.log_text import log_lines
from flumelab.signs.snapshot import Kind

FILE = Path(__file__).parents[3] / "data" / "recorded_signs.toml"
RECORDED = tomllib.loads(FILE.read_text("utf-8"))["line"]
NOW = 1_795_880_000.0


def found_in(recorded: dict[str, Any], *more: str) -> list[Any]:
    part = Part("part", Kind(recorded["in"]), "running")
    text = "\n".join([recorded["text"], *more])
    return find(Snapshot(NOW, [part], {"part": log_lines(text, NOW)}))


@pytest.mark.parametrize("recorded", RECORDED, ids=[each["sign"] for each in RECORDED])
def test_a_recorded_line_gives_one_sentence(recorded: dict[str, Any]) -> None:
    found = found_in(recorded)
    assert [(sign.name, sign.sentence) for sign in found] == [
        (recorded["sign"], recorded["sentence"])
    ]
    has_time = re.match(r"[\d-]*/?[\d/]* ?\d\d:\d\d:\d\d", recorded["text"]) is not None
    assert (found[0].since is not None) == has_time


@pytest.mark.parametrize("recorded", [each for each in RECORDED if "over" in each])
def test_a_later_line_ends_the_sign(recorded: dict[str, Any]) -> None:
    assert found_in(recorded, recorded["over"]) == []


def test_each_sign_that_a_log_shows_has_a_recorded_line() -> None:
    logged = {entry.name for entry in known().values() if entry.seen == "log"}
    assert {each["sign"] for each in RECORDED} == logged
    ended = {entry.name for entry in known().values() if entry.over}
    assert {each["sign"] for each in RECORDED if "over" in each} == ended
