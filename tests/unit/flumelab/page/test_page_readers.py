"""The readers of files: each must agree with what wrote them."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from pyspark_flume.landing import FileRange, LandingWriter

from flumelab.counts import MALFORMED
from flumelab.page import landing_log
from flumelab.page.flume_counters import FlumeCounters
from flumelab.page.generator_files import GeneratorLedger, GrowingFiles, GrowingLines, SpoolFiles
from flumelab.page.http_json import JsonServer
from flumelab.page.state import Fill
from flumelab.page.stored_results import StoredResults
from flumelab.programs.result_store import ResultStore
from tests.support.ports import free_port


def entry(lines: int, urls: dict[str, int], malformed: int = 0) -> str:
    return json.dumps({"name": "a", "lines": lines, "urls": urls, "malformed": malformed}) + "\n"


def test_the_ledger_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    ledger = GeneratorLedger(file)
    ledger.read()
    assert ledger.lines == 0
    file.write_text(entry(3, {"/": 2}, 1))
    ledger.read()
    with file.open("a") as more:
        more.write(entry(2, {"/": 1, "/a": 1}))
        more.write('{"name": "torn')
    ledger.read()
    ledger.read()
    assert (ledger.lines, ledger.malformed, ledger.entries) == (5, 1, 2)
    assert ledger.urls == {"/": 3, "/a": 1}


def test_a_new_ledger_after_a_wipe_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text(entry(3, {"/": 3}) * 3)
    ledger = GeneratorLedger(file)
    ledger.read()
    file.unlink()
    ledger.read()
    assert ledger.lines == 0
    file.write_text(entry(1, {"/b": 1}))
    ledger.read()
    assert (ledger.lines, dict(ledger.urls)) == (1, {"/b": 1})


def test_a_ledger_of_events_has_no_urls_to_compare(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text(json.dumps({"lines": 2, "malformed": 0, "events": {"time": [1, 2]}}) + "\n")
    ledger = GeneratorLedger(file)
    ledger.read()
    assert (ledger.lines, ledger.has_urls) == (2, False)


def test_spooled_lines_count_once_under_both_names_and_hidden_files_not(tmp_path: Path) -> None:
    spool = SpoolFiles(tmp_path)
    (tmp_path / "a.log").write_text("1\n2\n3")
    (tmp_path / ".b.log").write_text("1\n")
    (tmp_path / ".flumespool").mkdir()
    spool.read()
    assert (spool.lines, spool.pending) == (3, 3)
    (tmp_path / "a.log").rename(tmp_path / "a.log.COMPLETED")
    spool.read()
    assert (spool.lines, spool.pending) == (3, 0)


def test_a_log_that_grows_and_is_rotated_counts_each_line_once(tmp_path: Path) -> None:
    log, files = tmp_path / "access.log", GrowingFiles(tmp_path)
    log.write_bytes(b"1\n2\n3")
    files.read()
    assert files.lines == 2  # the third line is being written
    assert GrowingLines(torn=True).count([log]) == 3
    with log.open("ab") as end:
        end.write(b"\n4\n")
    files.read()
    assert files.lines == 4
    log.rename(tmp_path / "access.log.1")
    log.write_bytes(b"5\n")
    files.read()
    assert files.lines == 5
    (tmp_path / "access.log.2").write_bytes(log.read_bytes())
    os.truncate(log, 0)
    files.read()
    assert files.lines == 5
    log.unlink()
    files.read()
    assert files.lines == files.pending == 5


def test_a_landing_logs_events_are_those_of_its_writer(tmp_path: Path) -> None:
    assert landing_log.events(tmp_path) is None
    writer = LandingWriter.open(tmp_path / "log", lambda _items, _count: [], 1 << 16)
    with writer:
        assert landing_log.events(tmp_path / "log") == 0
        for place in range(200):
            line = b"\0\x08line" * 10
            writer.append(line, 10, [FileRange("f", place * 50, place * 50 + 50, 0, 10)])
            if place % 3 == 0:
                writer.commit()
        writer.commit()
        assert landing_log.events(tmp_path / "log") == 2000


def test_bytes_that_are_no_entry_at_the_end_of_an_index_are_passed_over(tmp_path: Path) -> None:
    with LandingWriter.open(tmp_path / "log", lambda _items, _count: [], 1 << 20) as writer:
        writer.append(b"\0\x08line" * 7, 7, [FileRange("f", 0, 35, 0, 7)])
        writer.commit()
        [index] = (tmp_path / "log").glob("*.index")
        with index.open("ab") as file:
            file.write(b"x" * 50)
        assert landing_log.events(tmp_path / "log") == 7


def test_the_result_store_is_read_while_its_writer_has_it_open(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    results = StoredResults(url)
    assert results.read() is None
    store = ResultStore(url)
    store.create()
    store.add(1, [("/", 5), ("/a", 9), (MALFORMED, 2)])
    with closing(sqlite3.connect(tmp_path / "results.db")) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE totals SET value = 6 WHERE key = '/'")
        writer.commit()
        found = results.read()
        assert found
        assert (list(found.totals.items()), found.malformed) == ([("/a", 9), ("/", 6)], 2)


def test_the_counters_of_all_runs_add_up_and_a_silent_agent_is_not_full(tmp_path: Path) -> None:
    for started, sent in ((1, 100), (2, 30)):
        metrics = {
            "SINK.spark": {"EventDrainSuccessCount": str(sent)},
            "CHANNEL.buffer": {"ChannelSize": "7", "ChannelCapacity": "10"},
        }
        run = {"started": str(started), "metrics": metrics}
        (tmp_path / f"{started}.json").write_text(json.dumps(run))
    counters = FlumeCounters(JsonServer("127.0.0.1", free_port()), tmp_path)
    found = counters.read()
    assert found.total("SINK.spark", "EventDrainSuccessCount") == 130
    assert not found.answers
    assert found.fill("buffer") == Fill(7, 10)  # an agent that is cut off writes its file
    for file in tmp_path.iterdir():
        os.utime(file, (1, 1))
    assert counters.read().fill("buffer") is None


def test_an_agent_that_does_not_run_is_not_asked_as_another_may_have_its_port(
    tmp_path: Path,
) -> None:
    asked: list[str] = []

    class Other:
        def get(self, path: str) -> dict[str, dict[str, str]]:
            asked.append(path)
            return {"SINK.other": {"EventDrainSuccessCount": "9"}}

    counters = FlumeCounters(Other(), tmp_path)  # type: ignore[arg-type]
    assert counters.read(runs_now=False).runs == ()
    assert asked == []
    assert counters.read().answers
