"""The verdict: each number from its own source, and the equation that they must satisfy."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from flumelab import ledger_table
from flumelab.counts import MALFORMED, Counts
from flumelab.ledger import Balance, HopCounts, balance


def run(received: int, sent: int) -> dict[str, dict[str, str]]:
    return {
        "SOURCE.spool": {"EventReceivedCount": "999999"},
        "CHANNEL.buffer": {"EventPutSuccessCount": str(received)},
        "SINK.spark": {"EventDrainSuccessCount": str(sent)},
    }


def hops(generated: Counts, counted: Counts, *runs: dict[str, dict[str, str]]) -> HopCounts:
    spooled = generated.total + generated.malformed
    return HopCounts(generated, spooled=spooled, flume_runs=runs, counted=counted)


def test_equal_counts_balance_and_malformed_lines_are_part_of_them() -> None:
    counts = Counts({"/a": 3, "/b": 2}, malformed=1)
    result = balance(hops(counts, counts, run(6, 6)))
    assert result.balanced
    assert result.as_json() == {
        "generated": 6,
        "spooled": 6,
        "flume_received": 6,
        "flume_sent": 6,
        "counted": 5,
        "malformed": 1,
        "lost": 0,
        "duplicated": 0,
        "balanced": True,
        "differs_at": None,
        "foreign": 0,
        "differences": {},
        "subfolders": {},
    }


def test_a_lost_line_and_one_counted_twice_do_not_cancel_out() -> None:
    result = balance(hops(Counts({"/a": 3, "/b": 2}), Counts({"/a": 2, "/b": 3})))
    assert (result.lost, result.duplicated, result.balanced) == (1, 1, False)
    assert result.differences == {"/a": (3, 2), "/b": (2, 3)}


def test_a_good_line_counted_as_malformed_is_a_difference() -> None:
    result = balance(hops(Counts({"/a": 1}), Counts({}, malformed=1)))
    assert not result.balanced
    assert result.differences == {"/a": (1, 0), MALFORMED: (0, 1)}


def test_flumes_counters_are_added_up_over_its_runs() -> None:
    result = balance(hops(Counts(), Counts(), run(10, 7), run(5, 8)))
    assert (result.flume_received, result.flume_sent) == (15, 15)


def test_an_empty_lab_balances() -> None:
    assert balance(hops(Counts(), Counts())).balanced


def test_a_balance_is_settled_only_when_every_hop_reports_the_same() -> None:
    counts = Counts({"/a": 4})
    assert not balance(hops(counts, counts, run(4, 3))).settled
    assert balance(hops(counts, counts, run(4, 4))).settled


def printed(balance: Balance) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(ledger_table.verdict(balance))
    return captured.get()


def test_lines_that_the_generator_did_not_make_are_named_and_never_balance() -> None:
    """Someone else put 1,000 lines into the spool directory, and Spark stopped."""
    result = balance(HopCounts(Counts(), 1_000, (run(1_000, 0),), Counts()))
    assert (result.balanced, result.differs_at, result.foreign) == (False, "spooled", 1_000)
    text = printed(result)
    assert "NOT BALANCED: 1,000 lines in the spool directory are not the generator's" in text


def test_lines_that_flume_reads_elsewhere_are_no_balance() -> None:
    """A file in a sub-folder of the spool directory, which the audit does not see."""
    result = balance(HopCounts(Counts(), 0, (run(1_000, 0),), Counts()))
    assert result.differs_at == "Flume received"
    assert "BALANCED" not in printed(result)
    assert "Flume received 1,000 more lines than the spool directory's files have" in printed(
        result
    )


def test_counters_that_a_killed_agent_forgot_are_told_apart_from_lost_lines() -> None:
    counts = Counts({"/a": 4})
    result = balance(hops(counts, counts, run(3, 3)))
    assert result.balanced
    text = printed(result)
    assert "COUNTED RIGHT, but the hops differ at Flume received" in text
    assert "BALANCED: nothing lost" not in text


urls = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 50), max_size=8)


@given(urls, urls, st.integers(0, 9), st.integers(0, 9))
def test_generated_is_counted_plus_malformed_plus_lost_minus_duplicated(
    generated: dict[str, int], counted: dict[str, int], bad: int, found: int
) -> None:
    r = balance(hops(Counts(generated, bad), Counts(counted, found)))
    assert r.generated == r.counted + r.malformed + r.lost - r.duplicated
    assert r.balanced == (generated == counted and bad == found)


@pytest.mark.parametrize("name", ["generated", "counted", "lost", "duplicated", "balanced"])
def test_the_json_has_the_documented_keys(name: str) -> None:
    assert name in balance(hops(Counts(), Counts())).as_json()


def test_lines_in_subfolders_are_named_when_they_are_counted() -> None:
    seen = hops(Counts(), Counts({"/": 1_000}), run(1_000, 1_000))
    result = balance(replace(seen, subfolders={"today": 900, "old": 100}))
    assert not result.balanced
    assert "1,000 lines in sub-folders (today/, old/) are not in spooled" in printed(result)
    assert result.as_json()["subfolders"] == {"today": 900, "old": 100}


def test_lines_in_subfolders_are_spooled_if_flume_reads_them() -> None:
    counts = Counts({"/": 5})
    seen = replace(hops(counts, counts, run(5, 5)), spooled=2, subfolders={"today": 3})
    assert balance(seen).differs_at == "spooled"
    result = balance(replace(seen, subfolders_read=True))
    assert (result.spooled, result.subfolders, result.settled) == (5, {}, True)
