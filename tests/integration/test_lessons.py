"""Each program of spark-apps/, by its own functions, finds what the generator knows."""

import importlib.util
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.functions import regexp_extract

from flumelab import apps
from flumelab.apps import App
from flumelab.counts import MALFORMED
from flumelab.results import ResultStore
from loadgen.expected import expected
from loadgen.ledger import read
from loadgen.scenarios import SCENARIOS
from pyspark_flume.avroipc import encode_event
from pyspark_flume.intake import identify
from pyspark_flume.landing import LandingWriter
from tests.support.avro_client import OK, AvroClient, append_batch, handshake
from tests.support.lab import LocalLab
from tests.support.spark import ROOT, accepts, free_port, wait_for

# Those with servers, or two programs, have tests of their own.
LESSONS = [
    app for app in apps.APPS.values() if not (app.name in apps.LAB or app.second or app.servers)
]
QUERIES = [app for app in LESSONS if app.lands or app.source == "files"]
STREAMS = [app for app in LESSONS if app not in QUERIES]
LINES = 2_000
BATCH = 500


def program(name: str) -> ModuleType:
    path = ROOT / "spark-apps" / name
    spec = importlib.util.spec_from_file_location(f"lesson_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Lesson:
    """A program with a store, a checkpoint and input of its own, in the Spark of this process."""

    def __init__(self, app: App, folder: Path) -> None:
        self.app, self.folder = app, folder
        self.port = free_port()
        self.store = ResultStore(f"sqlite:///{folder}/results.db")
        self.store.create()
        self.module = self._module()

    def _module(self) -> ModuleType:
        module = program(self.app.program)
        module.RESULTS = self.store
        module.CHECKPOINT = str(self.folder / "checkpoint")
        module.LANDING, module.FOLDER = str(self.folder / "landing"), str(self.folder / "spool")
        module.HOST, module.PORT = "127.0.0.1", self.port
        return module

    def generate(self, *to: str) -> None:
        (self.folder / "spool").mkdir()
        places = ["--spool", str(self.folder / "spool"), "--ledger", str(self.folder / "ledger")]
        options = ["--scenario", self.app.scenario, "--lines", str(LINES), "--malformed", "0.01"]
        command = [sys.executable, "-m", "loadgen", *places, *options, *to]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    def batches(self) -> list[list[bytes]]:
        spool = sorted((self.folder / "spool").iterdir())
        lines = b"".join(file.read_bytes() for file in spool).splitlines()
        events = [encode_event({}, line) for line in lines]
        return [events[at : at + BATCH] for at in range(0, len(events), BATCH)]

    def land(self, *first: bytes) -> None:
        self.generate()
        with LandingWriter.open(self.folder / "landing", identify) as log:
            for batch in [list(first), *self.batches()] if first else self.batches():
                log.append(b"".join(batch), len(batch), [])
            log.commit()

    def send(self) -> None:
        if self.app.source == "socket":
            self.generate("--to", f"tcp://127.0.0.1:{self.port}")
            return
        self.generate()
        wait_for(lambda: accepts(self.port), "the receiver listens")
        with AvroClient(self.port) as client:
            assert client.call(handshake()) == b"\0\0\0\0"
            for batch in self.batches():
                assert client.call(append_batch(batch)) == OK

    def found(self) -> dict[str, int]:
        counts = self.store.counts()
        return counts.urls | {MALFORMED: counts.malformed}

    def check(self, more: dict[str, int] | None = None) -> None:
        numbers = dict(
            zip(self.app.answer.options[::2], self.app.answer.options[1::2], strict=True)
        )
        options = {name.removeprefix("--"): int(value) for name, value in numbers.items()}
        truth = expected(read(self.folder / "ledger"), self.app.scenario, **options)
        wanted = self.app.answer.keys(truth)
        assert wanted[MALFORMED] > 0
        for key, value in (more or {}).items():
            wanted[key] += value
        try:
            wait_for(lambda: self.found() == wanted, "the store is right", 60)
        finally:
            found = self.found()
            different = {
                key: (wanted.get(key), found.get(key))
                for key in sorted(wanted.keys() | found.keys())
                if wanted.get(key) != found.get(key)
            }
            assert not different


def count(module: ModuleType) -> Callable[..., Any]:
    """The function that the program's last block begins with."""
    main = Path(module.__file__ or "").read_text(encoding="utf-8").partition("__main__")[2]
    name = re.search(r"CHECKPOINT, (\w+)\)|ssc = (\w+)\(\)|^    (\w+)\(spark\)", main, re.MULTILINE)
    assert name and name.lastindex
    function: Callable[..., Any] = getattr(module, name[name.lastindex])
    return function


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


@pytest.mark.parametrize("app", QUERIES, ids=lambda app: app.name)
def test_a_query_finds_what_was_sent(session: SparkSession, tmp_path: Path, app: App) -> None:
    lesson = Lesson(app, tmp_path)
    lesson.land()
    count(lesson.module)(session)
    try:
        lesson.check()
    finally:
        for query in session.streams.active:
            query.stop()


def test_an_order_that_goes_the_wrong_way_shows(session: SparkSession, tmp_path: Path) -> None:
    second = apps.find("fan-out").second
    assert second
    lesson = Lesson(replace(second, scenario="orders"), tmp_path)
    lesson.land()  # all orders
    count(lesson.module)(session)
    try:
        truth = expected(read(tmp_path / "ledger"), "orders")
        wanted = {f"wrap {key}": sums["quantity"] for key, sums in truth["totals"].items()}
        wanted[f"wrap {MALFORMED}"] = truth["malformed"]
        wait_for(lambda: lesson.store.counts().urls == wanted, "each order is counted", 60)
    finally:
        for query in session.streams.active:
            query.stop()


@pytest.mark.parametrize("app", STREAMS, ids=lambda app: app.name)
def test_a_stream_finds_what_was_sent(
    session: SparkSession, tmp_path: Path, app: App, capfd: pytest.CaptureFixture[str]
) -> None:
    lesson = Lesson(app, tmp_path)
    lesson.module.SparkContext = lambda appName: session.sparkContext  # noqa: N803
    stream = count(lesson.module)()
    stream.start()
    try:
        lesson.send()
        lesson.check()
    finally:
        stream.stop(stopSparkContext=False, stopGraceFully=False)


@pytest.mark.parametrize("name", ["late-events", "sql"])
def test_one_clock_that_is_ahead_makes_no_other_event_late(
    session: SparkSession, tmp_path: Path, name: str
) -> None:
    lesson = Lesson(apps.find(name), tmp_path)
    ahead = b'{"time":"2099-01-01T00:00:00Z","user":"u0001","action":"view"}'
    lesson.land(encode_event({}, ahead))
    count(lesson.module)(session)
    try:
        lesson.check({MALFORMED: 1})
    finally:
        for query in session.streams.active:
            query.stop()


def test_a_stop_ends_the_wait_for_what_a_model_is_trained_on(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = Lesson(apps.find("anomalies"), tmp_path)
    with LandingWriter.open(tmp_path / "landing", identify):
        pass
    monkeypatch.setenv("STOP_FILE", str(tmp_path / "stop"))
    (tmp_path / "stop").touch()

    count(lesson.module)(session)

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
