"""Rules for the whole source tree. The import contracts are in pyproject.toml."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCTS = ("src", "loadgen", "spark-apps", "connector")
FOLDERS = (*PRODUCTS, "benchmarks", "tests")


def sources(folders: tuple[str, ...], *kinds: str) -> list[Path]:
    """The source files of these kinds, relative to the root."""
    files = [file for d in folders for kind in kinds for file in (ROOT / d).rglob(f"*.{kind}")]
    assert files
    return sorted(f.relative_to(ROOT) for f in files if "target" not in f.relative_to(ROOT).parts)


def imports(file: Path) -> Iterator[str]:
    """Every name that a Python file imports, with its module: ``pathlib.Path``."""
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def test_the_import_contracts_are_kept() -> None:
    """Fails with the contracts that are broken, and by which import."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "connector/src")])
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("module", ["dstream", "avroipc", "events", "ingest", "landing"])
def test_a_program_imports_only_public_names(module: str) -> None:
    private = f"pyspark_flume.{module}."
    wrong = [
        f"{file} imports {name}"
        for file in sources(("spark-apps",), "py")
        for name in imports(file)
        if f"{name}.".startswith((private, "loadgen."))
    ]
    assert wrong == []


def test_a_private_name_stays_in_its_module() -> None:
    wrong = [
        f"{file} imports {name}"
        for file in sources(FOLDERS, "py")
        for name in imports(file)
        if is_private(name)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "private"),
    [
        ("pyspark_flume.events._long", True),
        ("pyspark_flume._hidden.name", True),
        ("__future__.annotations", False),
        ("pyspark_flume.landing.__main__.main", False),
        (".sibling", False),
    ],
)
def test_a_private_name_begins_with_one_underscore(name: str, private: bool) -> None:
    assert is_private(name) == private


def test_modules_can_be_read_in_one_sitting() -> None:
    lengths = {
        file: len((ROOT / file).read_text().splitlines()) for file in sources(FOLDERS, "py", "java")
    }
    tests = {file for file in lengths if file.parts[0] == "tests" or "test" in file.parts}

    assert [f for f, length in lengths.items() if length > 500] == []
    assert [f for f in lengths.keys() - tests if lengths[f] > 300] == []


def test_spark_apps_fit_a_lesson() -> None:
    for program in (ROOT / "spark-apps").glob("*.py"):
        assert len(program.read_text().splitlines()) < 80, program
