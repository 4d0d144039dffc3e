"""A fault that nobody has felt is named, and makes the verdict unknown."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flumelab.experiments import effect, flume_log
from flumelab.experiments import experiment as files
from flumelab.experiments.evidence import Evidence
from flumelab.settings import load
from tests.support.experiment_evidence import SEEN, answer, entry, request

ROOT = load().root
LOST_REQUEST = [*SEEN[:5], entry(105, "lost-request", id=2, why="the connection was cut")]
LATE = [request(1, 1, 1, 10), answer(7.5, 1)]
AN_HOUR_AGO = [
    entry(1, "fault", do="clock-back by 3600 s", told="…", at="…", day=10_001.0),
    entry(2, "batch", name="0", lines=[[1, 1]], events=1, again=False, day=6_402.0),
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


def test_the_logs_word_about_a_source_that_reads_no_more_is_found(tmp_path: Path) -> None:
    log, evidence = tmp_path / "flume.log", Evidence()
    flume_log.note(log, evidence)
    now = datetime.now()
    log.write_text(
        "10:00:00.000 INFO  Application: Starting Source spool\n"
        f"{now:%H:%M:%S}.000 ERROR SpoolDirectorySource: FATAL: Spool Directory source: Uncaught\n"
    )
    flume_log.note(log, evidence)
    [found] = evidence.entries()
    assert found["kind"] == "source-ended"
    assert abs(found["t"] - time.monotonic()) < 5


def test_a_kill_that_failed_is_told_by_the_kill_itself() -> None:
    assert effect.missing(files.find(ROOT, "killed-driver"), []) == ""
