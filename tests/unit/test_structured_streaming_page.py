"""docs/structured-streaming.md says of options and messages what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyspark_flume.settings import RECEIVER_OPTIONS, SOURCE_OPTIONS, SourceOptions

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "structured-streaming.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The cells of the table's rows."""
    text = re.search(rf"^\| {heading} .*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert text, f"no table of {heading}"
    return [[cell.strip() for cell in row.split(" | ")] for row in text[1].splitlines()]


OPTIONS = {row[0].strip("| `"): row[1:] for row in table("option")}
DEFAULTS = {
    name: found[1] for name, row in OPTIONS.items() if (found := re.match(r"`(.+?)`", row[0]))
}


def test_the_options_are_those_of_the_code_and_each_is_for_its_part() -> None:
    assert {name for name, row in OPTIONS.items() if row[1] == "source"} == set(SOURCE_OPTIONS)
    receiver = {name for name, row in OPTIONS.items() if row[1] in ("receiver", "both")}
    assert receiver == set(RECEIVER_OPTIONS)


def test_giving_every_default_changes_nothing() -> None:
    given = {"landing": "/landing", "port": "4141"}

    assert SourceOptions.parse(given | DEFAULTS) == SourceOptions.parse(given)


@pytest.mark.parametrize(("name", "text"), (RECEIVER_OPTIONS | SOURCE_OPTIONS).items())
def test_a_default_that_the_help_names_is_in_the_table(name: str, text: str) -> None:
    named = re.search(r"\[(.+)\]$", text)

    if named:
        assert DEFAULTS.get(name) == named[1]


def test_each_message_in_the_table_of_errors_is_one_of_the_code() -> None:
    code = "".join(path.read_text() for path in (ROOT / "src/pyspark_flume").rglob("*.py"))
    joined = re.sub(r'"\s*\n\s*f?"', "", code)
    messages = [row[0].strip("| `") for row in table("message") if row[0].startswith("| `")]

    assert messages
    assert [message for message in messages if message not in joined] == []
