"""Mutants as cosmic-ray makes them, and what the unit tests say about one."""

from __future__ import annotations

import ast
import difflib
import re
import shlex
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import attrs
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

from tools.mutants.choice import Change, change_of, in_order

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "connector/src"
PACKAGE = SOURCES / "pyspark_flume"
FOLDERS = ("landing", "avroipc", "ingest")
TESTS = (*FOLDERS, "testing")  # below tests/unit/pyspark_flume; the others use none of this
TIMES_AS_LONG_MAX = 4  # as the tests of unchanged code; a mutant that takes longer hangs
TEST_SECONDS_MAX = 30  # for one test: the longest takes a tenth of that
# `|` stands between types: a change fails at once. `is` for `==`, and the other way round: what is
# compared by `is` here has no `==` of its own, and small numbers are the same object.
NOT_TRIED = re.compile(
    r"BinaryOperator_BitOr_|_(Eq|NotEq|LtE?|GtE?)_Is(Not)?$|_Is_Eq$|_IsNot_NotEq$"
)


class Untestable(Exception):
    """The unit tests fail without a mutant, or cosmic-ray itself has failed."""


@dataclass(frozen=True)
class Verdict:
    """What the tests said about a mutant."""

    change: Change
    diff: str
    killed: bool
    hung: bool


def all_mutants(scratch: Path) -> list[MutationSpec]:
    """Return every mutant of the three packages; `scratch` is a folder for cosmic-ray's list."""
    modules = [path for name in FOLDERS for path in sorted((PACKAGE / name).glob("*.py"))]
    with use_db(scratch / "mutants.sqlite") as database:
        init(modules, database, {})
        specs = [spec for item in database.work_items for spec in item.mutations]
    return [spec for spec in specs if not NOT_TRIED.search(spec.operator_name)]


def place(spec: MutationSpec) -> object:
    """Return what all mutants of one place have in common."""
    return spec.module_path, spec.start_pos, spec.end_pos


def change(spec: MutationSpec) -> Change | None:
    """Return what the mutant changes; None if Python cannot read the result."""
    code = spec.module_path.read_text()
    mutated = mutate_code(code, get_operator(spec.operator_name)(), spec.occurrence)
    try:
        ast.parse(mutated)
    except SyntaxError:
        return None
    diff = difflib.unified_diff(code.splitlines(), mutated.splitlines(), n=0)
    file = str(spec.module_path.relative_to(PACKAGE))
    return change_of(file, spec.definition_name or "", diff)


class Judge:
    """Runs the unit tests on a copy of the sources of its own, so that several can work at once."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._sources = scratch / "src"
        shutil.copytree(SOURCES, self._sources, ignore=shutil.ignore_patterns("__pycache__"))
        self._seconds_max = 600.0

    def check(self) -> float:
        """Run the tests on unchanged code; return the seconds that they took."""
        began = time.monotonic()
        outcome, output = run_tests(self._command(""), self._seconds_max)
        if outcome != TestOutcome.SURVIVED:
            raise Untestable(f"the unit tests fail without a mutant:\n{output}")
        seconds = time.monotonic() - began
        self._seconds_max = TIMES_AS_LONG_MAX * seconds
        return seconds

    def judge(self, spec: MutationSpec) -> Verdict:
        """Run the tests on one mutant."""
        changed = change(spec)
        assert changed
        copy = self._sources / spec.module_path.relative_to(SOURCES)
        command = self._command(changed.file)
        result = mutate_and_test([attrs.evolve(spec, module_path=copy)], command, self._seconds_max)
        if result.worker_outcome != WorkerOutcome.NORMAL:
            raise Untestable(f"{changed}: {result.output}")
        return Verdict(changed, result.diff, result.is_killed, result.output == "timeout")

    def _command(self, module: str) -> str:
        environment = {
            "PYTHONPATH": self._sources,
            "HYPOTHESIS_STORAGE_DIRECTORY": self._scratch / "hypothesis",  # no failure is kept
        }
        pytest = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        pytest += ["-o", f"faulthandler_timeout={TEST_SECONDS_MAX}"]
        pytest += ["-o", "faulthandler_exit_on_timeout=true"]
        tests = [f"tests/unit/pyspark_flume/{name}" for name in in_order(TESTS, module)]
        variables = [f"{name}={value}" for name, value in environment.items()]
        return shlex.join(["env", *variables, sys.executable, *pytest, *tests])
