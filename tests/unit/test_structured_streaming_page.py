"""The reference pages on Structured Streaming agree with the code on options and messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark_flume.options import POLLER_OPTIONS, RECEIVER_OPTIONS, SOURCE_OPTIONS, SourceOptions

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the rows of a page's table, whose first column has this heading."""
    text = (REFERENCE / page).read_text()
    found = re.search(rf"^\| {heading} .*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"no table of {heading} in {page}"
    return [[cell.strip() for cell in row.split(" | ")] for row in found[1].splitlines()]


OPTIONS = {row[0].strip("| `"): row[1:] for row in table("structured-streaming.md", "option")}
DEFAULTS = {
    name: found[1] for name, row in OPTIONS.items() if (found := re.match(r"`(.+?)`", row[0]))
}


def options_of(part: str) -> set[str]:
    return {name for name, row in OPTIONS.items() if part in row[1].split(", ")}


def test_the_options_are_those_of_the_code_and_each_is_for_its_part() -> None:
    assert options_of("source") == set(SOURCE_OPTIONS)
    assert options_of("receiver") | options_of("all") == set(RECEIVER_OPTIONS)
    assert options_of("poller") | options_of("all") == set(POLLER_OPTIONS)


@pytest.mark.parametrize(
    ("part", "way"), [("receiver", {"port": "4141"}), ("poller", {"agents": "flume1:4000"})]
)
def test_giving_every_default_changes_nothing(part: str, way: dict[str, str]) -> None:
    given = {"landing": "/landing", **way}
    fitting = options_of(part) | options_of("source")
    defaults = {name: value for name, value in DEFAULTS.items() if name in fitting}

    assert SourceOptions.parse(given | defaults) == SourceOptions.parse(given)


@pytest.mark.parametrize(
    ("name", "text"), (RECEIVER_OPTIONS | POLLER_OPTIONS | SOURCE_OPTIONS).items()
)
def test_a_default_that_the_help_names_is_in_the_table(name: str, text: str) -> None:
    named = re.search(r"\[(.+)\]$", text)

    if named:
        assert DEFAULTS.get(name) == named[1]


def test_each_message_in_the_table_of_errors_is_one_of_the_code() -> None:
    code = "".join(
        path.read_text() for path in (ROOT / "connector/src/pyspark_flume").rglob("*.py")
    )
    joined = re.sub(r'"\s*\n\s*f?"', "", code)
    messages = [
        message
        for row in table("errors.md", "message")
        if row[0].startswith("| `")
        for message in re.findall("`(.+?)`", row[0])
    ]

    assert messages
    assert [message for message in messages if message not in joined] == []
