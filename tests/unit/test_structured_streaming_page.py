"""The documentation has the options and the messages of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark_flume import errors
from pyspark_flume.options.source import SourceOptions, markdown_table

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PACKAGE = ROOT / "connector/src/pyspark_flume"
CODE = {
    str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.is_relative_to(PACKAGE / "testing")
}
JAVA = ROOT / "connector/java/receiver/src/main"
# A peer's bytes are lines of a log that need no answer; SendFailed is for who tests a pipeline.
NOT_TOLD = {"FlumeError", "ProtocolError", "EventCorrupt", "SendFailed"}
TOLD = {name for name, each in vars(errors).items() if isinstance(each, type)} - NOT_TOLD
MARKER = "<!-- options: python -m pyspark_flume.options.source -->"


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


def quoted() -> list[str]:
    """The parts of messages that the page of errors quotes, without those of Spark."""
    rows = re.findall(r"^\| (`.*?) \| ", (REFERENCE / "errors.md").read_text(), re.MULTILINE)
    return [part for row in rows for part in re.findall("`(.+?)`", row)]


def test_each_message_on_the_page_of_errors_is_one_of_the_code() -> None:
    code = [*CODE.values(), *(path.read_text(encoding="utf-8") for path in JAVA.rglob("*.java"))]
    joined = "".join(re.sub(r'"\s*\n\s*(f|\+ )?"', "", text) for text in code)
    assert len(quoted()) > 40
    assert [message for message in quoted() if message not in joined] == []


def raised(text: str) -> Iterator[str]:
    """The fixed parts of each message with which a module raises an error that users meet."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            parts = [each.value for each in ast.walk(node.exc) if isinstance(each, ast.Constant)]
            fixed = "…".join(part for part in parts if isinstance(part, str))
            mostly_values = len(fixed) < 30  # as in "option … is …; give … or …"
            if ast.unparse(node.exc.func) in TOLD and not mostly_values:
                yield fixed


@pytest.mark.parametrize("module", CODE)
def test_each_message_of_the_code_is_on_the_page_of_errors(module: str) -> None:
    untold = [
        message for message in raised(CODE[module]) if not any(q in message for q in quoted())
    ]
    assert untold == []
