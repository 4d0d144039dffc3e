"""What a program prints is held against the lab's own count of the log."""

from pathlib import Path

import pytest

from flumelab.errors import LabError
from flumelab.own import shown
from flumelab.own.hops import Hops
from flumelab.own.inputs import LogFile
from flumelab.own.printed import Comparison, compare, count
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
