"""A fault that nobody has felt is named, and makes the verdict unknown."""

from typing import Any

import pytest

from flumelab.experiments import effect
from flumelab.experiments import experiment as files
from flumelab.settings import load
from tests.support.experiment_evidence import SEEN, answer, entry, request

ROOT = load().root
LOST_REQUEST = [*SEEN[:5], entry(105, "lost-request", id=2, why="the connection was cut")]
LATE = [request(1, 1, 1, 10), answer(7.5, 1)]
AN_HOUR_AGO = [
    entry(t, "batch", name=str(t), lines=[[t, t]], events=1, again=False, day=day)
    for t, day in ((1, 10_001.0), (2, 6_402.0))
]
REFUSED = [request(1, 1, 1, 10), answer(2, 1, ok=False)]


@pytest.mark.parametrize(
    ("name", "felt", "sign"),
    [
        ("cut-connection", LOST_REQUEST, "no batch was lost on its way"),
        ("file-channel-lost-ok", SEEN, "no OK was lost"),
        ("half-open", SEEN, "no OK was lost"),
        ("late-ok", LATE, "no answer took so long"),
        ("full-landing-disk", REFUSED, "no write failed"),
        ("clock-set-back", AN_HOUR_AGO, "no micro-batch has another time of day"),
        ("full-spool-disk", [entry(1, "unwritten")], "no write failed"),
    ],
)
def test_each_fault_has_its_sign(name: str, felt: list[dict[str, Any]], sign: str) -> None:
    found = files.find(ROOT, name)
    assert effect.missing(found, felt) == ""
    calm = [request(1, 1, 1, 10), answer(2, 1)]
    assert effect.missing(found, calm).endswith(f", and nobody noticed: {sign}")


def test_a_kill_that_failed_is_told_by_the_kill_itself() -> None:
    assert effect.missing(files.find(ROOT, "killed-driver"), []) == ""
