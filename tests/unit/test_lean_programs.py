"""A program in spark-apps/ is a lesson: little of it is plumbing, and it fits on a page.

``python -m tests.unit.test_lean_programs [COMMIT]`` prints the share of each program, now or then.
"""

import ast
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((ROOT / "spark-apps").glob("*.py"))
SHARE_MAX = 0.25
LINES_MAX = 60
# How a line is read.
THE_LESSONS_OWN = ("flumelab.counts", "flumelab.programs.parse", "flumelab.programs.columns")


def lines_of(node: ast.AST) -> set[int]:
    return set(range(node.lineno, node.end_lineno + 1))


def code_lines(source: str) -> set[int]:
    """The lines that hold code: no blank lines, comments or docstrings."""
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent | {tokenize.ENDMARKER}:
            found |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(
            node
        ):
            found -= lines_of(node.body[0])
    return found


def imports_of_the_lab(tree: ast.Module) -> Iterator[tuple[ast.stmt, list[str]]]:
    """The imports of `os` and `flumelab`, with the names by which the program gets at plumbing."""
    for node in tree.body:
        if isinstance(node, ast.Import) and node.names[0].name == "os":
            yield node, ["os"]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "flumelab":
            yield (
                node,
                [
                    name.asname or name.name
                    for name in node.names
                    if node.module not in THE_LESSONS_OWN
                    and f"{node.module}.{name.name}" not in THE_LESSONS_OWN
                ],
            )


def mentions(node: ast.AST, names: set[str]) -> list[ast.Name]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in names]


def plumbing_lines(source: str) -> set[int]:
    """The lines that serve the environment, the result store, the checkpoint or the stop.

    These are, of the lines with code:
    1. each import of `os` and of anything in `flumelab`;
    2. each line that mentions a name so imported, apart from `parse`, `columns` and `MALFORMED`, or
       a name of the module that is assigned from one (as ``CHECKPOINT = os.environ.get(…)``, every
       line of the assignment);
    3. the whole block of ``if __name__ == "__main__"``;
    4. each line with ``.checkpoint(`` or ``checkpointLocation``.
    """
    tree = ast.parse(source)
    found: set[int] = set()
    names: set[str] = set()
    for node, imported in imports_of_the_lab(tree):
        found |= lines_of(node)
        names |= set(imported)
    for node in tree.body:
        if isinstance(node, ast.Assign) and mentions(node.value, names):
            found |= lines_of(node)
            names |= {n.id for target in node.targets for n in ast.walk(target) if hasattr(n, "id")}
        if isinstance(node, ast.If) and mentions(node.test, {"__name__"}):
            found |= lines_of(node)
    found |= {name.lineno for name in mentions(tree, names)}
    for number, line in enumerate(source.splitlines(), 1):
        if "checkpointLocation" in line or ".checkpoint(" in line:
            found.add(number)
    return found & code_lines(source)


def share(source: str) -> float:
    return len(plumbing_lines(source)) / len(code_lines(source))


def test_the_count_is_of_what_it_says() -> None:
    source = '''"""Docstring."""

import os

from flumelab.programs import lab, parse

HOST = os.environ.get(
    "HOST"
)
WINDOW = 3


def count(ssc):
    """Docstring."""
    text = ssc.socketTextStream(HOST, lab.PORT)  # plumbing
    text.map(parse.url_of).pprint()
    # lab
    text.writeStream.option(
        "checkpointLocation", "folder"
    )


if __name__ == "__main__":
    count(None)
'''
    assert plumbing_lines(source) == {3, 5, 7, 8, 9, 15, 19, 23, 24}
    assert code_lines(source) == plumbing_lines(source) | {10, 13, 16, 18, 20}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_less_than_a_quarter_of_a_program_is_plumbing(program: Path) -> None:
    source = program.read_text(encoding="utf-8")
    lines = source.splitlines()
    assert share(source) < SHARE_MAX, [lines[n - 1] for n in sorted(plumbing_lines(source))]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_a_program_fits_on_a_page(program: Path) -> None:
    assert len(program.read_text(encoding="utf-8").splitlines()) < LINES_MAX


def source_at(commit: str, name: str) -> str:
    command = ["git", "show", f"{commit}:spark-apps/{name}"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    for path in PROGRAMS:
        text = source_at(sys.argv[1], path.name) if sys.argv[1:] else path.read_text("utf-8")
        print(f"{share(text):4.0%}  {len(text.splitlines())} lines  {path.name}")
