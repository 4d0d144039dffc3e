"""Each program of spark-apps/, called by its own functions, finds the generator's truth."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter

from flumelab.counts import MALFORMED
from flumelab.lessons import catalogue
from flumelab.programs.columns import with_time, with_url
from flumelab.programs.parse import url_of
from loadgen.expected import expected
from loadgen.ledger import read
from loadgen.scenarios import SCENARIOS
from tests.support import lesson as support
from tests.support.lab import LocalLab
from tests.support.lesson import LESSONS, LessonInProcess

# It must not make any other event late.
CLOCK_AHEAD = b'{"time":"2099-01-01T00:00:00Z","user":"u0001","action":"view"}'
AS_OF_AN_EMPTY_FILE = encode_event({}, b"")
WITH_A_WATERMARK = ("late-events", "sql")


def test_sparks_rule_for_a_line_is_the_ledgers(session: SparkSession) -> None:
    draw = random.Random(1)
    lines = SCENARIOS["access-log"](1).generate(50).data.decode().splitlines()
    for line in lines[:]:
        for odd in (" ", "\t", "\r", "\x0b", "\x85", "\u00a0", "\u2028", "\\", '"', "[", "é", "٣"):
            at = draw.randrange(len(line))
            lines.append(line[:at] + odd + line[at + draw.randrange(2) :])
    rows = session.createDataFrame([(line,) for line in lines], "value string")
    for line, row in zip(lines, with_url(rows, "value").collect(), strict=True):
        truth = SCENARIOS["access-log"](1).account(line.encode())
        assert (list(truth.urls) or [MALFORMED]) == [row.url], repr(line)
        assert url_of(line) == row.url, repr(line)


def test_spark_matches_each_line_once(session: SparkSession) -> None:
    lines = session.createDataFrame([("line",)], "value string")
    for columns in (["url"], ["url", "time"]):
        plan = with_time(with_url(lines, "value"), "value").select(*columns)
        optimized = plan._jdf.queryExecution().optimizedPlan().toString()
        assert optimized.count(" HTTP/") == 1, optimized


@pytest.mark.parametrize("name", LESSONS)
def test_a_program_finds_what_was_sent(session: SparkSession, tmp_path: Path, name: str) -> None:
    first = [AS_OF_AN_EMPTY_FILE] if LESSONS[name].uses_flume else []
    first += [encode_event({}, CLOCK_AHEAD)] if name in WITH_A_WATERMARK else []
    found, wanted = LessonInProcess(LESSONS[name], tmp_path, session, first).run()
    assert found == wanted


def test_an_order_that_goes_the_wrong_way_shows(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fan_out = catalogue.find("fan-out")
    second = replace(fan_out, programs=fan_out.programs[1:])

    def all_orders() -> dict[str, int]:
        truth = expected(read(tmp_path / "ledger"), "orders")
        keys = {f"wrap {key}": sums["quantity"] for key, sums in truth["totals"].items()}
        return keys | {f"wrap {MALFORMED}": truth["malformed"]}

    lesson = LessonInProcess(second, tmp_path, session)  # which gets all orders
    monkeypatch.setattr(lesson, "truth", all_orders)
    found, wanted = lesson.run()
    assert found == wanted


def test_what_late_events_prints_as_dropped_is_right(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark counts a row for each action and hour that a task drops, and not each event."""
    monkeypatch.setattr(support, "LINES", 8_000)
    lesson = LessonInProcess(LESSONS["late-events"], tmp_path, session)
    printed: list[str] = []
    lesson.module.print = printed.append
    found, wanted = lesson.run(until=lambda: any(": 8,000 events, " in line for line in printed))
    assert found == wanted

    totals = expected(read(tmp_path / "ledger"), "actions", window=3600)["windows"]
    sent = {f"{w['start']} {w['key']}": w["events"] for w in totals}
    dropped = {key: sent[key] - found.get(key, 0) for key in sent}
    rows = int(printed[-1].split(" events, ")[1].split()[0])
    assert printed[-1].endswith(f" {rows} rows dropped")
    assert 0 < sum(map(bool, dropped.values())) <= rows <= sum(dropped.values())


def test_a_stop_ends_the_wait_for_training_data(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = LessonInProcess(LESSONS["anomalies"], tmp_path, session)
    with LandingWriter.open(tmp_path / "landing", identify):
        pass
    monkeypatch.setenv("STOP_FILE", str(tmp_path / "stop"))
    (tmp_path / "stop").touch()

    lesson.start()

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
