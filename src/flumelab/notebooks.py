"""Makes a notebook of each program of Structured Streaming.

    python -m flumelab.notebooks FOLDER        # writes FOLDER/late_events.ipynb and the others

A cell is what a reader takes in at once: the program's text above it, its imports, each function,
and each paragraph of the function that starts the queries. Two cells are added at the end: what the
program has found so far, and the stop. A notebook that is there already is left as it is.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import jupytext
from nbformat import NotebookNode

from flumelab.lessons.catalogue import LESSONS

KERNEL = {"name": "python3", "display_name": "Python 3"}
PREPARE = """\
# A checkpoint and a result store of its own. Run all cells again: it continues where it ended.
lab.prepare_notebook("{name}")"""
FEED = """\
# The generator writes a file into Flume's spool folder.
!python -m loadgen --scenario {scenario} --lines 2000 --spool $SPOOL_DIR --ledger $LEDGER_FILE"""
LOOK = """\
# What the queries have found so far. Feed more lines, and run this cell again.
for query in spark.streams.active:
    query.processAllAvailable()
found = lab.store.counts().by_key()
for key, value in list(found.items())[:10]:
    print(f"{value:>9,} {key}")"""
STOP = """\
for query in spark.streams.active:
    query.stop()"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m flumelab.notebooks", description="Write the notebooks of the lessons."
    )
    parser.add_argument("folder", type=Path, help="where to write them; created if missing")
    parser.add_argument("--programs", type=Path, default=Path("spark-apps"), metavar="FOLDER")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for program in programs(arguments.programs):
        written = arguments.folder / f"{program.stem}.ipynb"
        if not written.exists():
            jupytext.write(notebook(program), written, fmt="ipynb")
            print(written)


def programs(folder: Path) -> list[Path]:
    """Return the programs that start queries."""
    return [path for path in sorted(folder.glob("*.py")) if _start(path.read_text("utf-8"))]


def notebook(program: Path) -> NotebookNode:
    """Return a program as a notebook, without outputs."""
    made = jupytext.reads(cells(program), "py:percent")
    made.metadata["kernelspec"] = KERNEL
    return made


def cells(program: Path) -> str:
    """Return a program as cells, in jupytext's percent format."""
    text = program.read_text("utf-8")
    tree = ast.parse(text)
    start = _start(text)
    before = [each for each in tree.body[1:-1] if getattr(each, "name", "") != start]
    [queries] = [each for each in tree.body if getattr(each, "name", "") == start]
    told = [_told(program.name, ast.get_docstring(tree) or "")]
    prepare = PREPARE.format(name=program.stem)
    feed = FEED.format(scenario=_scenario(program.name))
    code = [prepare, *_paragraphs(text, queries), feed, LOOK, STOP]
    parts = [*told, *map(_cell, [*_grouped(text, before), *code])]
    return "\n\n".join(parts) + "\n"


def _start(program: str) -> str:
    """Return the name of the function that starts the queries; empty in another program."""
    found = re.search(r"^    lab\.run_queries\((\w+)", program, re.MULTILINE)
    return found[1] if found else ""


def _scenario(program: str) -> str:
    """Return what the generator writes for a program."""
    lessons = LESSONS.values()
    return next(
        lesson.scenario for lesson in lessons if program in (each.file for each in lesson.programs)
    )


def _told(name: str, docstring: str) -> str:
    """The program's own text, as a cell that is read; how to run the program is left out."""
    paragraphs = docstring.partition("\nRun it:")[0].strip().split("\n\n")
    shown = []
    for number, paragraph in enumerate(paragraphs):
        drawn = paragraph.startswith("    ")
        if number == 0:
            question, mark, rest = paragraph.partition("? ")
            shown += [f"# {question}{mark.strip()}", rest]
        else:
            shown.append(f"```\n{dedent(paragraph)}\n```" if drawn else paragraph)
    shown.append(f"Made from spark-apps/{name}.")
    lines = "\n\n".join(shown).splitlines()
    return "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in lines)


def _grouped(text: str, statements: list[ast.stmt]) -> Iterator[str]:
    """One cell for each function and class; what stands between them is one cell as well."""
    group: list[ast.stmt] = []
    for statement in statements:
        alone = isinstance(statement, ast.FunctionDef | ast.ClassDef)
        if group and (alone or isinstance(group[-1], ast.FunctionDef | ast.ClassDef)):
            yield _lines(text, group)
            group = []
        group.append(statement)
    if group:
        yield _lines(text, group)


def _paragraphs(text: str, function: ast.stmt) -> Iterator[str]:
    """The function's body, split where it has an empty line; its names become the notebook's."""
    assert isinstance(function, ast.FunctionDef)
    group: list[ast.stmt] = []
    for statement in function.body:
        if group and statement.lineno - (group[-1].end_lineno or 0) > 1:
            between = text.splitlines()[group[-1].end_lineno or 0 : statement.lineno - 1]
            if not all(between):
                yield dedent(_lines(text, group))
                group = []
        group.append(statement)
    yield dedent(_lines(text, group))


def _lines(text: str, statements: list[ast.stmt]) -> str:
    """The text of some statements, with the comments and decorators right above them."""
    lines = text.splitlines()
    first, last = statements[0], statements[-1]
    decorators = getattr(first, "decorator_list", [])
    begin = min([first.lineno, *(each.lineno for each in decorators)]) - 1
    while begin and lines[begin - 1].lstrip().startswith("#"):
        begin -= 1
    return "\n".join(lines[begin : last.end_lineno])


def _cell(code: str) -> str:
    return f"# %%\n{code}"


if __name__ == "__main__":
    main()
