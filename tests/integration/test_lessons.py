"""Each program of spark-apps/, by its own functions, finds what the generator knows."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.functions import regexp_extract
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter

from flumelab.counts import MALFORMED
from flumelab.lessons import catalogue as apps
from loadgen.expected import expected
from loadgen.ledger import read
from loadgen.scenarios import SCENARIOS
from tests.support.lab import LocalLab
from tests.support.lesson import LESSONS, Lesson, program

# Makes no other event late.
CLOCK_AHEAD = b'{"time":"2099-01-01T00:00:00Z","user":"u0001","action":"view"}'
WITH_A_WATERMARK = ("late-events", "sql")


def test_sparks_rule_for_a_line_is_the_ledgers(session: SparkSession) -> None:
    draw = random.Random(1)
    lines = SCENARIOS["access-log"](1).generate(50).data.decode().splitlines()
    for line in lines[:]:
        for odd in (" ", "\t", "\r", "\x0b", "\x85", "\u00a0", "\u2028", "\\", '"', "[", "é", "٣"):
            at = draw.randrange(len(line))
            lines.append(line[:at] + odd + line[at + draw.randrange(2) :])
    rows = session.createDataFrame([(line,) for line in lines], "value string")
    for name in ("url_counts_structured.py", "from_files.py"):
        rule = program(name).LINE
        found = rows.select(regexp_extract("value", rule, 1).alias("url")).collect()
        for line, row in zip(lines, found, strict=True):
            truth = SCENARIOS["access-log"](1).account(line.encode())
            assert list(truth.urls) == ([row.url] if row.url else []), repr(line)


@pytest.mark.parametrize("name", LESSONS)
def test_a_program_finds_what_was_sent(session: SparkSession, tmp_path: Path, name: str) -> None:
    first = [encode_event({}, CLOCK_AHEAD)] if name in WITH_A_WATERMARK else []
    found, wanted = Lesson(LESSONS[name], tmp_path, session, first).run()
    assert found == wanted


def test_an_order_that_goes_the_wrong_way_shows(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = apps.find("fan-out").second
    assert second

    def all_orders() -> dict[str, int]:
        truth = expected(read(tmp_path / "ledger"), "orders")
        keys = {f"wrap {key}": sums["quantity"] for key, sums in truth["totals"].items()}
        return keys | {f"wrap {MALFORMED}": truth["malformed"]}

    lesson = Lesson(replace(second, scenario="orders"), tmp_path, session)  # it gets them all
    monkeypatch.setattr(lesson, "truth", all_orders)
    found, wanted = lesson.run()
    assert found == wanted


def test_a_stop_ends_the_wait_for_what_a_model_is_trained_on(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = Lesson(LESSONS["anomalies"], tmp_path, session)
    with LandingWriter.open(tmp_path / "landing", identify):
        pass
    monkeypatch.setenv("STOP_FILE", str(tmp_path / "stop"))
    (tmp_path / "stop").touch()

    lesson.count(session)

    assert not session.streams.active


def test_a_lesson_runs_from_its_start_to_its_verdict_and_leaves_nothing(tmp_path: Path) -> None:
    done = LocalLab(tmp_path).run("run", "fan-out", "--rate", "0", "--malformed", "0.01", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["right"]
    assert result["found"] == result["expected"]
    assert result["found"][MALFORMED] > 0
    assert all(text in result["output"] for text in ("sold", "wrap"))
    assert not re.search(r" WARN |Warning: ", result["output"]), result["output"]
    assert list((tmp_path / "run").iterdir()) == []
