"""Dependencies point one way (DESIGN: who may import whom)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imports(folder: str) -> Iterator[tuple[Path, str]]:
    """Every module that a Python file under `folder` names in an import."""
    files = list((ROOT / folder).rglob("*.py"))
    assert files, folder
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("connector/src/pyspark_flume", ["flumelab", "loadgen"]),
        (
            "connector/src/pyspark_flume/avroipc",
            ["pyspark.", "socket", "asyncio", "pyspark_flume.dstream", "pyspark_flume.landing"],
        ),
        (
            "connector/src/pyspark_flume/landing",
            ["pyspark.", "socket", "asyncio", "pyspark_flume.receiver", "pyspark_flume.poller"],
        ),
        ("connector/src/pyspark_flume/testing", ["pyspark.", "pyspark_flume.dstream", "flumelab"]),
        ("src/flumelab", ["pyspark_flume.", "loadgen"]),
        ("loadgen", ["flumelab", "pyspark"]),
        ("spark-apps", ["pyspark_flume.dstream", "pyspark_flume.avroipc", "loadgen"]),
    ],
)
def test_dependencies_point_one_way(folder: str, forbidden: list[str]) -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file, name in imports(folder)
        if any(f"{name}.".startswith(f"{bad.rstrip('.')}.") for bad in forbidden)
    ]
    assert not wrong


def test_the_landing_log_does_not_know_what_an_event_is() -> None:
    knowing = {
        f.name for f, name in imports("connector/src/pyspark_flume/landing") if "events" in name
    }
    assert knowing == {"__main__.py"}  # it prints events


def test_a_private_name_stays_in_its_package() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for folder in ("src/flumelab", "spark-apps")
        for file, name in imports(folder)
        if any(part.startswith("_") and part != "__main__" for part in name.split("."))
    ]
    assert not wrong


def test_modules_can_be_read_in_one_sitting() -> None:
    folders = ("src", "loadgen", "spark-apps", "connector", "tests")
    sources = [f for d in folders for kind in ("py", "java") for f in (ROOT / d).rglob(f"*.{kind}")]
    assert [f for f in sources if len(f.read_text().splitlines()) > 500] == []


def test_spark_apps_fit_a_lesson() -> None:
    for program in (ROOT / "spark-apps").glob("*.py"):
        assert len(program.read_text().splitlines()) < 80, program
