"""A notebook has all of its program, in cells."""

import ast
from pathlib import Path

import pytest

from flumelab.notebooks import cells, notebook, programs

PROGRAMS = Path(__file__).parents[3] / "spark-apps"


def code_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_programs_of_structured_streaming_are_notebooks_and_no_others() -> None:
    names = {path.stem for path in programs(PROGRAMS)}

    assert {"late_events", "url_counts_structured", "s3_to_mysql"} <= names
    assert not {"url_counts", "windows", "sessions"} & names


@pytest.mark.parametrize("program", programs(PROGRAMS), ids=lambda path: path.stem)
def test_each_line_of_the_program_is_in_a_cell(program: Path) -> None:
    text = program.read_text()
    tree = ast.parse(text)
    docstring, main_guard = tree.body[0], tree.body[-1]
    lines = text.splitlines()[docstring.end_lineno : main_guard.lineno - 1]
    made = notebook(program)

    in_cells = {line for cell in made.cells for line in code_lines(cell.source)}
    missing = [line for line in code_lines("\n".join(lines)) if line not in in_cells]

    assert len(missing) == 1, "the head of the function whose body is the notebook's"
    assert missing[0].startswith("def ")
    for cell in made.cells:
        if cell.cell_type == "code":
            ast.parse("\n".join(line for line in cell.source.splitlines() if line[:1] != "!"))


def test_the_text_above_a_program_is_its_first_cell_without_how_to_run_it() -> None:
    first = notebook(PROGRAMS / "url_counts_structured.py").cells[0]

    assert first.cell_type == "markdown"
    assert first.source.startswith("# How often is each URL of an access log requested?\n")
    assert "```\naccess log ─▶ Flume" in first.source
    assert "Run it" not in first.source


def test_a_program_is_fed_with_its_own_scenario() -> None:
    assert "--scenario actions " in cells(PROGRAMS / "late_events.py")
    assert "--scenario sensors " in cells(PROGRAMS / "anomalies.py")
