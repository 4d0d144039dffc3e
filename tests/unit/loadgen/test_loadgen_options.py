from __future__ import annotations

import re

import pytest

from loadgen import options
from loadgen.errors import UsageError
from loadgen.scenarios import SCENARIOS

PLACES = ["--spool", "spool", "--ledger", "ledger.jsonl"]


def test_defaults() -> None:
    given = options.parse(PLACES)
    assert (given.scenario, given.lines, given.lines_per_file) == ("access-log", 10_000, 10_000)
    assert (given.rate, given.seed, given.malformed, given.replay) == (0.0, 1, 0.0, None)
    assert (given.json, given.stay) == (False, False)


@pytest.mark.parametrize(
    ("rate", "lines"), [("0.1", 1), ("1", 1), ("250.7", 250), ("99999", 10_000)]
)
def test_a_file_holds_no_more_than_a_second_of_lines(rate: str, lines: int) -> None:
    assert options.parse([*PLACES, "--rate", rate]).lines_per_file == lines
    assert options.parse([*PLACES, "--rate", rate, "--lines-per-file", "7"]).lines_per_file == 7


def test_a_growing_log_grows_in_small_writes_that_do_not_pass_over_a_rotation() -> None:
    places = ["--append", "log/access.log", "--ledger", "ledger.jsonl"]
    assert options.parse(places).lines_per_file == 10_000
    assert options.parse([*places, "--rate", "2000"]).lines_per_file == 200
    assert options.parse([*places, "--rate", "3"]).lines_per_file == 1
    assert options.parse([*places, "--rotate-every", "150"]).lines_per_file == 150


def test_a_replay_sends_all_unless_lines_are_given() -> None:
    assert options.parse([*PLACES, "--replay", "x.log"]).lines is None
    assert options.parse([*PLACES, "--replay", "x.log", "--lines", "0"]).lines == 0


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (["--lines", "-1"], "--lines: '-1' cannot be used; give a whole number from 0 up"),
        (["--lines", "1e3"], "--lines: '1e3' cannot be used; give a whole number from 0 up"),
        (["--lines-per-file", "0"],
         "--lines-per-file: '0' cannot be used; give a whole number from 1 to 1,000,000"),
        (["--rate", "nan"], "--rate: 'nan' cannot be used; give a number from 0 up"),
        (["--rate", "inf"], "--rate: 'inf' cannot be used; give a number from 0 up"),
        (["--rate=-1"], "--rate: '-1' cannot be used; give a number from 0 up"),
        (["--malformed", "2"], "--malformed: '2' cannot be used; give a number from 0 to 1"),
        (["--seed", "x"], "--seed: 'x' cannot be used; give a whole number"),
        (["--scenario", "cats"],
         f"--scenario: 'cats' is unknown; choose from {', '.join(SCENARIOS)}"),
        (["--spool", ""], "--spool: is empty; give a path"),
        (["--seed"], "--seed: expected one argument; see python -m loadgen --help"),
        (["--line", "3"],
         "command line: unrecognized arguments: --line 3; see python -m loadgen --help"),
        (["--replay", "x", "--malformed", "0.5"],
         "--malformed: a replayed file is sent unchanged; leave one option out"),
        (["--append", "x/a.log", "--to", "tcp://h:1"],
         "--append: lines go to one place; leave out --to or --append"),
        (["--rotate-every", "9"],
         "--rotate-every: only a log that grows is rotated; give --append FILE"),
        (["--rotate-by", "name"],
         "--rotate-by: only a log that grows is rotated; give --append FILE"),
        (["--append", "x/a.log", "--rotate-by", "cron"],
         "--rotate-by: 'cron' is unknown; choose from rename, copy, name"),
        (["--append", "./a.log"],
         "--ledger: Flume would send a file in the spool directory; put it elsewhere"),
        (["--ledger", "spool/ledger.jsonl"],
         "--ledger: Flume would send a file in the spool directory; put it elsewhere"),
    ],
)  # fmt: skip
def test_a_bad_option_is_reported_on_one_line(given: list[str], error: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(error)}$"):
        options.parse([*PLACES, *given])


def test_spool_and_ledger_must_be_given() -> None:
    with pytest.raises(UsageError, match="required: --ledger; see python -m loadgen"):
        options.parse(["--spool", "spool"])
    with pytest.raises(UsageError, match=r"^--spool: is missing; give a directory, or a destinat"):
        options.parse(["--ledger", "ledger.jsonl"])


def test_another_destination_needs_no_spool_directory() -> None:
    given = options.parse(["--to", "tcp://localhost:9999", "--ledger", "ledger.jsonl"])
    assert (given.to.url, given.to.scheme) == ("tcp://localhost:9999", "tcp")
    assert (given.to["host"], given.to["port"], given.spool) == ("localhost", "9999", None)
    assert options.parse([*PLACES, "--to", "tcp://[::1]:9"]).to["host"] == "[::1]"
    assert options.parse(PLACES).to is None


@pytest.mark.parametrize(
    "address",
    ["", "localhost:9999", "tcp:localhost:9999", "tcp://localhost", "tcp://:1", "tcp://a:b",
     "tcp://a:1/b", "tcp://a:65536", "ftp://a:1"],
)  # fmt: skip
def test_an_invalid_address_is_reported_on_one_line(address: str) -> None:
    error = re.escape(f"--to: {address!r} cannot be used; give tcp://host:port")
    with pytest.raises(UsageError, match=f"^{error}"):
        options.parse([*PLACES, "--to", address])
