"""The verdict and the counts, in the words of the terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

from flumelab.counts import Counts
from flumelab.ledger import HopCounts, balance
from flumelab.lessons.catalogue import LESSONS
from flumelab.page import verdict
from flumelab.page.expected import ExpectedAnswer
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[4]
RUN = {
    "CHANNEL.buffer": {"EventPutSuccessCount": "10"},
    "SINK.spark": {"EventDrainSuccessCount": "10"},
}


def hops(counted: dict[str, int], generated: int = 10) -> HopCounts:
    return HopCounts(Counts({"/": generated}), generated, (RUN,), Counts(counted))


@pytest.mark.parametrize(
    ("counted", "moving", "expected", "says"),
    [
        ({"/": 10}, False, "balanced", "BALANCED: nothing lost, nothing counted twice"),
        ({"/": 10}, True, "balanced", "BALANCED: nothing lost, nothing counted twice"),
        ({"/": 7}, True, "counting", "COUNTING: 3 lines on their way"),
        ({"/": 7}, False, "unbalanced", "NOT BALANCED: 3 lost, 0 counted twice"),
        ({"/": 12}, True, "unbalanced", "NOT BALANCED: 0 lost, 2 counted twice"),
    ],
)
def test_a_missing_line_is_lost_only_once_nothing_moves(
    counted: dict[str, int], moving: bool, expected: str, says: str
) -> None:
    found = verdict.ledger_of(balance(hops(counted)), True, moving, None)
    assert (found.verdict, found.says) == (expected, says)


def test_the_ledger_names_the_hop_at_which_lines_are_missing() -> None:
    found = verdict.ledger_of(balance(hops({"/": 7})), True, False, 3.0)
    assert [(hop.name, hop.lines, hop.missing) for hop in found.hops] == [
        ("generated", 10, 0),
        ("spooled", 10, 0),
        ("Flume received", 10, 0),
        ("Flume sent", 10, 0),
        ("counted", 7, 3),
    ]
    assert found.seconds == 3.0


def test_without_flume_the_ledger_has_two_hops() -> None:
    empty = HopCounts(Counts({"/": 10}), 0, (), Counts({"/": 10}))
    found = verdict.ledger_of(balance(empty), False, False, None)
    assert [hop.name for hop in found.hops] == ["generated", "counted"]
    assert found.verdict == "balanced"


def test_an_empty_lab_is_not_called_balanced() -> None:
    nothing = HopCounts(Counts(), 0, (), Counts())
    assert verdict.ledger_of(balance(nothing), True, False, None).verdict == "empty"


def test_keys_that_differ_come_first_once_nothing_moves() -> None:
    generated = Counts({"/": 100, "/a": 50, "/b": 5})
    counted = Counts({"/": 100, "/a": 50, "/b": 6})
    still = verdict.counts_of("URL", generated, counted, moving=False)
    assert [row.key for row in still.rows] == ["/b", "/", "/a"]
    assert (still.keys, still.differing, still.compared) == (3, 1, True)
    moving = verdict.counts_of("URL", generated, counted, moving=True)
    assert [row.key for row in moving.rows] == ["/", "/a", "/b"]


def test_without_a_truth_nothing_is_compared() -> None:
    found = verdict.counts_of("key", None, Counts({"tea": 3}), moving=False)
    assert (found.compared, found.differing, found.rows[0].generated) == (False, 0, None)


def test_the_answer_of_a_lesson_without_urls_is_the_generators(tmp_path: Path) -> None:
    ledger, spool = tmp_path / "ledger.jsonl", tmp_path / "spool"
    spool.mkdir()
    place = ["--spool", str(spool), "--ledger", str(ledger)]
    subprocess.run(
        [sys.executable, "-m", "loadgen", *place, "--scenario", "orders", "--lines", "300"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    answer = ExpectedAnswer(LESSONS["running-totals"], ledger, ROOT)
    assert answer.at(300, feeding=True) is None
    found = wait_for(lambda: answer.at(300, feeding=False), "the answer")
    lines = "".join(file.read_text() for file in spool.glob("*.log")).splitlines()
    quantities = sum(int(line.split(",")[3]) for line in lines)
    assert found.total == quantities > 300
