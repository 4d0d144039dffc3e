"""The result store: a batch once, in any order, and errors that say what to do."""

import pickle
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy.exc import OperationalError

from flumelab.counts import MALFORMED, Counts
from flumelab.errors import LabError
from flumelab.programs import database_retry
from flumelab.programs.database_retry import patient
from flumelab.programs.result_store import ResultStore
from flumelab.programs.staging import staged_attempt

NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    store = ResultStore(f"sqlite:///{tmp_path}/results.db")
    store.create()
    return store


def test_batches_add_up(store: ResultStore) -> None:
    store.add(NOON, [("/a", 2), ("/b", 1)])
    store.add(NOON + timedelta(seconds=1), [("/a", 3), (MALFORMED, 4)])
    assert store.counts() == Counts({"/a": 5, "/b": 1}, malformed=4)


def test_two_programs_may_create_the_store_at_once(tmp_path: Path) -> None:
    both = Barrier(2)

    def make(number: int) -> None:
        both.wait()
        ResultStore(f"sqlite:///{tmp_path}/{number}.db").create()

    with ThreadPoolExecutor(2) as programs:
        for number in range(20):
            list(programs.map(make, [number, number]))


def test_a_batch_that_is_run_again_changes_nothing(store: ResultStore) -> None:
    store.add(NOON, [("/a", 2)])
    store.add(NOON, [("/a", 2)])
    store.add(NOON, [("/a", 7), ("/new", 1)])
    assert store.counts() == Counts({"/a": 2})


def test_an_empty_batch_is_remembered_too(store: ResultStore) -> None:
    store.add(NOON, [])
    store.add(NOON, [("/a", 1)])
    assert store.counts() == Counts()


def test_a_batch_that_fails_halfway_leaves_nothing(store: ResultStore, tmp_path: Path) -> None:
    store.add(NOON, [("/a", 1)])
    with sqlite3.connect(tmp_path / "results.db") as direct:
        direct.execute(
            "CREATE TRIGGER full BEFORE INSERT ON totals WHEN new.key = '/new'"
            " BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    later = NOON + timedelta(seconds=1)
    with pytest.raises(LabError, match="disk is full"):
        store.add(later, [("/a", 1), ("/new", 1)])
    assert store.counts() == Counts({"/a": 1})
    with sqlite3.connect(tmp_path / "results.db") as direct:
        direct.execute("DROP TRIGGER full")
    store.add(later, [("/a", 1), ("/new", 1)])
    assert store.counts() == Counts({"/a": 2, "/new": 1})


def test_a_batch_may_hold_more_keys_than_a_statement_takes(store: ResultStore) -> None:
    many = [(f"/{n}", 1) for n in range(3000)]
    store.add(NOON, many)
    store.add(NOON + timedelta(seconds=1), many)
    assert store.counts() == Counts({key: 2 for key, _ in many})


def test_keys_are_kept_as_they_are(store: ResultStore) -> None:
    odd = {"/%C3%A9?q='; DROP TABLE totals": 1, "/é": 2, "/" + "x" * 5000: 3, "/A": 4, "/a": 5}
    store.add(NOON, odd.items())
    assert store.counts() == Counts(odd)


def test_a_store_survives_pickling_as_a_checkpoint_does_it(store: ResultStore) -> None:
    pickle.loads(pickle.dumps(store)).add(NOON, [("/a", 1)])  # noqa: S301 - our own bytes
    assert store.counts() == Counts({"/a": 1})


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.db", "no-such-database://x", "nonsense"]
)
def test_a_store_that_cannot_be_opened_is_named_with_the_remedy(url: str) -> None:
    with pytest.raises(LabError, match=r"^result store .*set RESULTS_URL"):
        ResultStore(url).create()


def test_what_is_put_takes_the_place_of_what_was_there(store: ResultStore) -> None:
    store.put("1", [("/a", 2), ("/b", 1)])
    store.put("2", [("/a", 3)])
    store.put("2", [("/a", 7)])
    assert store.counts() == Counts({"/a": 3, "/b": 1})


def test_all_is_replaced_once_for_each_batch(store: ResultStore) -> None:
    store.replace_all("1", [("/a", 2), ("/b", 1)])
    store.replace_all("2", [("/c", 3)])
    store.replace_all("1", [("/a", 2), ("/b", 1)])
    assert store.counts() == Counts({"/c": 3})


def stage(store: ResultStore, attempt: str, rows: dict[str, int]) -> None:
    """Write rows as Spark's tasks do by JDBC."""
    with sqlite3.connect(store.url.removeprefix("sqlite:///")) as direct:
        values = [(attempt, key, value) for key, value in rows.items()]
        direct.executemany("INSERT INTO staged (attempt, key, value) VALUES (?, ?, ?)", values)


def staged(store: ResultStore) -> int:
    with sqlite3.connect(store.url.removeprefix("sqlite:///")) as direct:
        return int(direct.execute("SELECT count(*) FROM staged").fetchone()[0])


def test_what_was_staged_takes_the_place_of_what_was_there(store: ResultStore) -> None:
    store.put("1", [("/a", 2), ("/b", 1)])
    with staged_attempt(store, "2") as (attempt, options):
        stage(store, attempt, {"/a": 3, "/c": 4})
    assert options["dbtable"] == "staged"
    assert options["url"] == f"jdbc:{store.url.replace('///', '')}"
    assert store.counts() == Counts({"/c": 4, "/a": 3, "/b": 1})
    assert staged(store) == 0


def test_a_batch_that_is_staged_again_changes_nothing(store: ResultStore) -> None:
    for value in (2, 7):
        with staged_attempt(store, "1") as (attempt, _):
            stage(store, attempt, {"/a": value})
    assert store.counts() == Counts({"/a": 2})
    assert staged(store) == 0


def test_what_an_attempt_left_that_was_killed_is_not_taken_over(store: ResultStore) -> None:
    with pytest.raises(KeyboardInterrupt), staged_attempt(store, "1") as (attempt, _):
        stage(store, attempt, {"/a": 1, "/b": 2})
        raise KeyboardInterrupt
    assert store.counts() == Counts()
    with staged_attempt(store, "1") as (attempt, _):
        stage(store, attempt, {"/a": 1})
    assert store.counts() == Counts({"/a": 1})
    assert staged(store) == 0


def test_the_password_for_jdbc_comes_from_the_file_that_sqlalchemy_reads(tmp_path: Path) -> None:
    (tmp_path / "my.cnf").write_text("[client]\nuser = lab\npassword = secret\n")
    url = f"mysql+pymysql://db:3306/lab?read_default_file={tmp_path}/my.cnf"
    with (
        pytest.raises(LabError, match=r"^result store mysql.*set RESULTS_URL"),
        staged_attempt(ResultStore(url.replace("db:3306", "127.0.0.1:1")), "1") as (_, options),
    ):
        pass
    assert {"lab", "secret"} < set(options.values())


def test_a_store_that_fails_while_the_database_answers_fails_for_good(store: ResultStore) -> None:
    def fail(batch: None, number: int) -> None:
        raise LabError("broken")

    with pytest.raises(LabError, match="broken"):
        patient(store, fail)(None, 1)


@pytest.mark.parametrize(
    "says",
    [
        "java.sql.SQLNonTransientConnectionException: Socket error",
        "java.sql.SQLTimeoutException: Socket timeout when connecting to db. Connect timed out",
    ],
)
def test_a_batch_waits_for_a_database_that_is_away(
    store: ResultStore, capsys: pytest.CaptureFixture[str], says: str
) -> None:
    tried = []

    def write(batch: str, number: int) -> None:
        tried.append((batch, number))
        if len(tried) == 1:
            raise RuntimeError(says)

    patient(store, write)("rows", 3)
    assert tried == [("rows", 3), ("rows", 3)]
    assert capsys.readouterr().out == ""  # it was back at once


AWAY = LabError("result store: gone")
AWAY.__cause__ = OperationalError("INSERT", {}, Exception(2006, "gone"))


def test_one_line_reports_that_the_store_is_away_and_one_that_it_is_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def fail_three_times(store: ResultStore) -> None:
        calls.append("create")
        if len(calls) < 4:
            raise AWAY

    def fail_once(store: ResultStore, *batch: object) -> None:
        calls.append(batch)
        if len(calls) == 1:
            raise AWAY

    monkeypatch.setattr(database_retry, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(ResultStore, "create", fail_three_times)
    monkeypatch.setattr(ResultStore, "add", fail_once)
    database_retry.PatientStore("mysql://me:secret@db/lab").add("1", iter([("/a", 2)]))

    batch = ("1", [("/a", 2)])
    assert calls == [batch, "create", "create", "create", batch]
    assert capsys.readouterr().out == (
        "result store mysql://me:***@db/lab is unreachable; waiting for it\n"
        "result store mysql://me:***@db/lab is back\n"
    )


def test_a_store_that_stays_away_fails_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AWAY

    assert database_retry._AWAY_SECONDS_MAX == 600
    monkeypatch.setattr(database_retry, "_AWAY_SECONDS_MAX", 0.1)
    monkeypatch.setattr(database_retry, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(ResultStore, "create", fail)
    with pytest.raises(LabError, match="gone"):
        patient(ResultStore("sqlite://"), fail)()


def test_an_error_does_not_show_the_password() -> None:
    with pytest.raises(LabError, match=r"mysql\+pymysql://me:\*\*\*@127.0.0.1:1/lab: "):
        ResultStore("mysql+pymysql://me:secret@127.0.0.1:1/lab").create()
