"""What a program prints is held against the lab's own count of the log."""

import os
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from flumelab.errors import LabError
from flumelab.own import shown, stored
from flumelab.own.hops import Hops
from flumelab.own.inputs import LogFile
from flumelab.own.printed import Comparison, columns_of, compare, count
from flumelab.own.program_output import own_lines
from flumelab.own_container import arguments

LOG = b'"GET /a HTTP/1.1" 200\n"GET /b HTTP/1.1" 404\n"GET /a HTTP/1.1" 200\nnot a request\n'
URL = r'"GET (\S+)'


def compared_with(output: str, log: list[LogFile], pattern: str = URL) -> Comparison:
    return compare(output, count(log, pattern))


@pytest.fixture
def log(tmp_path: Path) -> list[LogFile]:
    file = tmp_path / "a.log"
    file.write_bytes(LOG)
    return [LogFile(file)]


def test_a_key_that_is_not_among_the_first_rows_any_more_is_not_compared(
    log: list[LogFile],
) -> None:
    early = "Time: 1\n('/b', 0)\n('/a', 1)\n...\n"
    compared = compared_with(f"{early}\nTime: 2\n('/a', 2)\n...\n\nTime: 3\n\n", log)
    assert (compared.printed, compared.right) == ({"/a": 2}, True)
    wrong = compared_with(f"{early}\nTime: 2\n('/a', 3)\n...\n", log)
    assert wrong.differences == {"/a": (3, 2)}
    table = "Batch: {}\n+\n|key|count|\n+\n|/{}|{}|\n+\nonly showing top 1 row\n"
    compared = compared_with(table.format(0, "b", 0) + table.format(1, "a", 2), log)
    assert (compared.printed, compared.right) == ({"/a": 2}, True)


def test_the_last_print_of_a_window_is_compared(log: list[LogFile]) -> None:
    compared = compared_with("Time: 1\n('/a', 1)\n\nTime: 2\n('/a', 2)\n('/b', 1)\n", log)
    assert compared.right
    assert compared.printed == {"/a": 2, "/b": 1}


def test_counts_of_single_batches_are_added_up(log: list[LogFile]) -> None:
    assert compared_with("('/a', 1)\n('/a', 1)\n('/b', 1)\n", log).right


def test_a_table_of_sql_is_read(log: list[LogFile]) -> None:
    assert compared_with("|url|total|\n+---+---+\n|/a|2|\n", log).printed == {"/a": 2}


def test_each_word_of_a_line_is_a_key(log: list[LogFile]) -> None:
    assert count(log, r"[a-z]*", each=True) == {"a": 3, "b": 1, "not": 1, "request": 1}
    assert count(log, r"(\d)\d*", each=True) == {"1": 6, "2": 2, "4": 1}


def test_a_wrong_number_is_a_difference(log: list[LogFile]) -> None:
    compared = compared_with("('/a', 3)\n", log)
    assert compared.differences == {"/a": (3, 2)}
    assert not compared.right


def test_a_program_that_prints_no_pair_is_not_right(log: list[LogFile]) -> None:
    assert not compared_with("hello (world)\n(1, 2, 3)\n", log).right


def test_a_carriage_return_in_a_key_is_shown(
    log: list[LogFile], capsys: pytest.CaptureFixture[str]
) -> None:
    shown.hops(Hops([]), [], compared_with("('/a\\r', 2)\n", log))
    assert capsys.readouterr().out.splitlines()[-1] == r"  '/a\r': printed 2, counted 0"


def test_a_workers_trace_in_sparks_log_is_not_what_the_program_printed() -> None:
    """As Spark 4.3 logs a task that has failed; a trace that the program prints stays."""
    trace = (
        '  File "/venv/pyspark/worker.py", line 9, in process\n    out = func()\n          ^^^^\n'
    )
    task = f"(most recent call last):\n{trace}IndexError: list index out of range\n"
    logged = f"12:18:17 ERROR Executor: [PYTHON_EXCEPTION] Traceback {task} SQLSTATE: 38000\n"
    raised = f"12:18:18 ERROR JobScheduler: raised by Python:\nTraceback {task}\n"
    chained = f"{raised}During handling of the above exception, another\n\nTraceback {task}"
    users = 'Traceback (most recent call last):\n  File "my.py", line 1\nValueError: no'
    text = f"('a', 1)\n{logged}{logged}\n{chained}\tat a.B.c(B.java)\n('b', 2)\n{users}\n"
    assert own_lines(text) == ["('a', 1)", "('b', 2)", *users.split("\n")]


def test_a_batch_in_which_pprint_has_printed_nothing_is_not_shown() -> None:
    bar, batch = "-" * 43, "{0}\nTime: 2026-01-01 00:00:0{1}\n{0}\n{2}\n"
    text = "".join(batch.format(bar, number, rows) for number, rows in enumerate(("", "x\n", "")))
    assert own_lines(text) == [bar, "Time: 2026-01-01 00:00:01", bar, "x", "", ""]
    assert own_lines(batch.format(bar, 1, "")) == []


def test_a_trace_in_sparks_log_is_not_what_the_program_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown.output(
        "('a', 1)\n12:00:00 ERROR x: failed\norg.x.E: Traceback\n  File x\n"
        "\tat org.x.A$.apply(A.scala:3)\n\tat java.base/java.lang.Thread.run(Thread.java:8)\n"
        "Caused by: x\n\tat a.B.<init>(B.java)\n\t... 3 more\n('b', 2)\n",
        [],
    )
    assert capsys.readouterr().out == "('a', 1)\n('b', 2)\n"


def test_a_count_of_first_matches_leads_to_the_count_of_all(
    log: list[LogFile], capsys: pytest.CaptureFixture[str]
) -> None:
    shown.hops(Hops([]), [], compared_with("('GET', 6)\n", log, r"[A-Z]+"))
    assert capsys.readouterr().out.splitlines()[-1] == (
        "--count takes the first match in a line; --count-each takes all of them"
    )


def test_a_pattern_that_matches_nothing_is_said(
    log: list[LogFile], capsys: pytest.CaptureFixture[str]
) -> None:
    shown.hops(Hops([]), [], compared_with("('/a', 2)\n", log, "^POST"))
    assert capsys.readouterr().out.splitlines()[-1] == (
        "--count matches no line of the log; correct the expression"
    )


def test_a_pattern_that_is_none_is_one_line(log: list[LogFile]) -> None:
    with pytest.raises(LabError, match=r"^--count \( is not a regular expression: "):
        count(log, "(")


ACTIONS = b"04:01 buy\n04:59 buy\n05:10 sell\n05:11 buy\n"
HOUR_ACTION = r"^(\d\d):\d\d (\w+)"


@pytest.fixture
def actions(tmp_path: Path) -> list[LogFile]:
    file = tmp_path / "actions.log"
    file.write_bytes(ACTIONS)
    return [LogFile(file)]


def compared_columns(output: str, log: list[LogFile], pattern: str = HOUR_ACTION) -> Comparison:
    return compare(output, count(log, pattern), columns_of(pattern))


def table(*rows: str) -> str:
    return "".join(f"|{row}|\n" for row in ("hour|action|count", *rows))


def test_a_key_of_several_columns_needs_a_group_for_each(actions: list[LogFile]) -> None:
    """The table has hours as numbers, and its columns need not be in the groups' order."""
    right = compared_columns(table("4|buy|2", "5|sell|1", "5|buy|1"), actions)
    assert right.right and len(right.printed) == 3
    assert right.as_json()["printed"] == {"4, buy": 2, "5, sell": 1, "5, buy": 1}
    assert compared_columns("(('buy', '04'), 2)\n(('sell', '05'), 1)\n", actions).right
    assert compared_columns("Row(action='buy', hour=4, total=2)\n", actions).right
    assert compared_columns("(('04', 'buy'), 1)\n(('04', 'buy'), 1)\n", actions).right
    wrong = compared_columns(table("4|buy|3", "5|sell|1"), actions)
    assert list(wrong.as_json()["differences"].items()) == [
        ("4, buy", {"printed": 3, "counted": 2})
    ]


def test_columns_without_a_group_are_said_not_to_be_compared(
    actions: list[LogFile], capsys: pytest.CaptureFixture[str]
) -> None:
    compared = compared_columns(table("4|buy|2"), actions, r"(\w+)$")
    assert not compared.right
    shown.hops(Hops([]), [], compared)
    assert " ".join(capsys.readouterr().out.split()).endswith(
        "not compared: the table hour, action, count has 2 columns as its key, and the expression "
        "has 1 group; write one group for each column"
    )
    both = compared_columns(f"('buy', 3)\n{table('4|buy|2')}", actions, r"(\w+)$")
    assert both.right and len(both.not_compared) == 1
    one = compared_columns("('04', 2)\n('05', 2)\n", actions)
    assert one.right  # of several groups the first one is the key


def window(start: str, end: str, url: str, number: int) -> str:
    return f"|{{2026-01-01 00:{start}:00, 2026-01-01 00:{end}:00}}|{url}|{number}|\n"


def test_windows_are_added_up_and_those_that_overlap_have_a_line_several_times(
    log: list[LogFile],
) -> None:
    tumbling = window("00", "10", "/a", 1) + window("10", "20", "/a", 1)
    assert compared_with(f"{window('00', '10', '/a', 0)}{tumbling}", log).right
    sliding = [window(f"{m:02}", f"{m + 10:02}", "/a", n) for m, n in ((0, 1), (5, 2), (10, 1))]
    assert compared_with("".join(sliding), log).right
    too_many = compared_with(tumbling + window("20", "30", "/a", 1), log)
    assert too_many.differences == {"/a": (3, 2)}
    lost = window("00", "10", "/a", 0) + window("00", "10", "/a", 1)  # the same window again
    assert compared_with(lost, log).differences == {"/a": (1, 2)}
    half = "".join([*sliding[:1], *sliding[:1], window("05", "15", "/a", 1)])  # as many as lines
    assert compared_with(half, log).differences == {"/a": (2, 4)}


def test_windows_of_which_not_all_is_printed_are_said_not_to_be_compared(
    log: list[LogFile],
) -> None:
    still_open = compared_with(window("00", "10", "/a", 1) + window("00", "10", "/b", 1), log)
    assert still_open.printed == {"/b": 1}
    assert "still open at the end" in still_open.not_compared[0]
    cut = window("00", "10", "/a", 2) + "only showing top 1 row\n"
    assert "print all" in compared_with(cut, log).not_compared[0]
    starts = "|2026-01-01 00:00:00|/a|1|\n|2026-01-01 00:10:00|/a|{}|\n"
    assert compared_with(starts.format(1), log).right
    assert "the end of each window is not" in compared_with(starts.format(3), log).not_compared[0]


def test_the_number_of_a_table_is_in_the_column_with_such_a_name(log: list[LogFile]) -> None:
    assert compared_with("|count|url|\n|2|/a|\n|1|/b|\n", log).printed == {"/a": 2, "/b": 1}


def test_what_a_program_stores_is_read_as_what_it_prints(
    tmp_path: Path, log: list[LogFile]
) -> None:
    for number, (name, text) in enumerate(
        {
            "out-1/part-00000": "('/a', 1)\n",
            "out-2/part-00000": "('/a', 2)\n",
            "out-2/part-00001": "('/b', 1)\n",
            "csv/part-00000-x.csv": '"/a",2\n/b,1\n',
            "json/part-00000-x.json": '{"count":2,"url":"/a"}\n',
            "not-whole/part-00000": "('/a', 9)\n",
        }.items()
    ):
        file = tmp_path / "lab" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if name[:3] != "not":
            (file.parent / "_SUCCESS").touch()
        os.utime(file.parent, (number, number))
    rows = stored.as_printed([tmp_path / "lab"])
    assert "9" not in rows
    compared = compared_with(rows, log)
    assert (compared.printed, compared.right) == ({"/a": 2, "/b": 1}, True)
    table = pyarrow.table({"url": ["/a", "/b"], "total": [2, 2]})
    folder = tmp_path / "other/parquet"
    (folder / "_spark_metadata").mkdir(parents=True)
    parquet.write_table(table, folder / "part-00000-x.snappy.parquet")
    differs = compared_with(stored.as_printed([tmp_path / "other"]), log)
    assert differs.differences == {"/b": (2, 1)}


def test_variables_name_the_files_in_a_container() -> None:
    environment = {
        "LAB_PROGRAM_FILE": "my.py",
        "LAB_CONF_FILE": "my.conf",
        "LAB_INPUT": "a.log",
        "LAB_AGENT": "",
        "LAB_PROGRAM_ARGS": "localhost 'two words'",
    }
    assert arguments(environment) == [
        *("run", "--runtime", "local", "--conf", "my.conf", "--input", "a.log"),
        *("my.py", "--", "localhost", "two words"),
    ]
