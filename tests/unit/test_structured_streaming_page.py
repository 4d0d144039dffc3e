"""The documentation has the options and the messages of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark_flume.options.source import SourceOptions, markdown_table

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
MARKER = "<!-- options: python -m pyspark_flume.options.source -->"


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the rows of a page's table, whose first column has this heading."""
    text = (REFERENCE / page).read_text()
    found = re.search(rf"^\| {heading} .*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"no table of {heading} in {page}"
    return [[cell.strip() for cell in row.split(" | ")] for row in found[1].splitlines()]


def options_table() -> str:
    """The table after the marker, wherever the documentation has it."""
    found = [
        table
        for page in (ROOT / "docs").rglob("*.md")
        for table in re.findall(rf"^{re.escape(MARKER)}\n((?:\|.*\n)+)", page.read_text(), re.M)
    ]
    assert len(found) == 1, f"{MARKER} is before {len(found)} tables"
    return str(found[0])


def test_the_options_are_those_of_the_code_and_each_is_for_its_part() -> None:
    assert options_table() == markdown_table() + "\n", "put in what the marker's command prints"


@pytest.mark.parametrize(
    ("part", "way"),
    [
        ("receiver", {"port": "4141"}),
        ("poller", {"agents": "flume1:4000"}),
    ],
)
def test_giving_every_default_changes_nothing(part: str, way: dict[str, str]) -> None:
    given = {"landing": "/landing", **way}
    rows = [row.split(" | ") for row in options_table().splitlines()[2:]]
    defaults = {
        name.strip("| `"): default.strip("`").split("`")[0]
        for name, _, default, parts, _ in rows
        if default.startswith("`") and {part, "source"} & set(parts.split(", "))
    }

    assert len(defaults) >= 7
    assert SourceOptions.parse(given | defaults) == SourceOptions.parse(given)


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
