"""The page of compatible versions says what ``make matrix`` has found, and the wheel agrees."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.matrix import page, results
from tools.matrix.plan import CHECKS, PAGE, ROOT, SPARKS
from tools.matrix.results import FAILED, PASSED, UNTESTED, Run, series

VERSIONS = {"spark": "4.0.5", "python": "3.11.7", "java": "17.0.15"}
CHECK, *OTHER_CHECKS = CHECKS
TEST = CHECKS[CHECK][0]


def run(outcome: str = PASSED, **versions: str) -> Run:
    """One whose first check went so, and all others well."""
    outcomes = dict.fromkeys(CHECKS, PASSED) | {CHECK: outcome}
    return Run(**{**VERSIONS, **versions}, day="2026-11-29", results=outcomes)


def rows(*runs: Run) -> list[list[str]]:
    """The cells of both tables."""
    lines = page.tables(runs).splitlines()
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines if line]


def cell(made: list[list[str]], *beginning: str) -> str:
    """The cell of Spark 4.0 in the row that begins so."""
    (row,) = [row for row in made if row[: len(beginning)] == list(beginning)]
    return row[len(beginning)]


def test_the_page_has_what_the_results_say() -> None:
    text = PAGE.read_text()
    assert text == page.written(text, results.load()), "python -m tools.matrix.page writes it anew"
    assert results.load()


def test_the_tests_of_the_matrix_are_there() -> None:
    for each in (test for tests in CHECKS.values() for test in tests):
        file, _, name = each.partition("::")
        tree = ast.parse((ROOT / file).read_text())
        assert name.partition("[")[0] in {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef)
        }, each


def test_the_wheel_takes_the_sparks_that_have_run() -> None:
    stated = tomllib.loads((ROOT / "connector/pyproject.toml").read_text())["project"]
    whole = [each for each in results.load() if not {FAILED, UNTESTED} & set(each.results.values())]
    (spark,) = [
        wanted for each in stated["dependencies"] if (wanted := Requirement(each)).name == "pyspark"
    ]
    taken = {series(each) for each in SPARKS if each in spark.specifier}
    assert taken == {series(each.spark) for each in whole} | {series(SPARKS[-1])}, "and the lab's"

    prefix = "Programming Language :: Python :: 3."
    classified = {c.removeprefix(prefix) for c in stated["classifiers"] if c.startswith(prefix)}
    assert classified >= {each.place[1].removeprefix("3.") for each in whole}


def test_what_did_not_run_is_untested() -> None:
    made = rows(run())
    assert cell(made, CHECK) == "yes"
    assert cell(made, "3.11", "17") == "yes"
    assert cell(made, "3.11", "25") == "untested"
    assert {name for row in rows() for name in row[2:] if "Spark" not in name} <= {
        "untested", "---|---|---|---|---",
    }  # fmt: skip


def test_a_failure_is_named_with_its_versions() -> None:
    made = rows(run(), run(FAILED, java="25.0.1"))
    assert cell(made, CHECK) == "yes; **no** with Python 3.11 and Java 25"
    assert cell(made, "3.11", "25") == "in part"
    assert cell(rows(run(FAILED)), CHECK) == "**no**"


def test_a_test_that_does_not_apply_says_why() -> None:
    assert cell(rows(run("from Spark 4.2 on")), CHECK) == "from Spark 4.2 on"


@pytest.mark.parametrize(
    ("inside", "outcome"),
    [
        ("", PASSED),
        ("<failure/>", FAILED),
        ("<error/>", FAILED),
        ('<skipped message="from Spark 4.2 on"/>', "from Spark 4.2 on"),
        ('<skipped message="port 15002 is in use"/>', UNTESTED),
    ],
)
def test_pytests_report_is_read(tmp_path: Path, inside: str, outcome: str) -> None:
    file, _, name = TEST.partition("::")
    where = file.removesuffix(".py").replace("/", ".")
    report = tmp_path / "report.xml"
    report.write_text(
        f'<testsuites><testsuite><testcase classname="{where}" name="{name}[a]">{inside}</testcase>'
        f'<testcase classname="{where}" name="{name}[b]"/></testsuite></testsuites>'
    )
    found = Run.read([report], VERSIONS, "2026-11-29")

    assert found.results[CHECK] == outcome
    assert {found.results[each] for each in OTHER_CHECKS} == {FAILED}, "pytest did not run them"


def test_a_check_may_be_one_parameter_of_a_test(tmp_path: Path) -> None:
    older, newer = "Flume 1.9, SparkSink", "Flume 1.10, SparkSink"
    report = tmp_path / "report.xml"
    cases = ""
    for check, inside in ((older, "<failure/>"), (newer, "")):
        file, _, name = CHECKS[check][0].partition("::")
        where = file.removesuffix(".py").replace("/", ".")
        cases += f'<testcase classname="{where}" name="{name}">{inside}</testcase>'
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")

    found = Run.read([report], VERSIONS, "2026-11-29")

    assert (found.results[older], found.results[newer]) == (FAILED, PASSED)


def test_what_one_machine_could_not_try_leaves_what_others_found() -> None:
    made = rows(run(), run(UNTESTED, java="25.0.1"))
    assert cell(made, CHECK) == "yes"
    assert cell(made, "3.11", "25") == "untested"


def test_a_run_replaces_one_of_the_same_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    for each in (run(FAILED), run(spark="4.3.0"), run(spark="4.0.6", python="3.11.9")):
        results.add(each)

    assert results.load() == [run(spark="4.0.6", python="3.11.9"), run(spark="4.3.0")]
