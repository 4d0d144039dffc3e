"""What each run has found, in docs/reference/compatibility.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self
from xml.etree import ElementTree

from tools.matrix.plan import CHECKS, RESULTS

PASSED = "passed"
FAILED = "failed"
UNTESTED = "untested"
"""Skipped because of this machine, such as a port in use."""


@dataclass(frozen=True)
class Run:
    """What the tests of one Spark, Python and Java have said.

    :param results: of each check `PASSED`, `FAILED`, `UNTESTED`, or since which Spark it applies
    """

    spark: str
    python: str
    java: str
    day: str
    results: dict[str, str]

    @classmethod
    def read(cls, reports: Iterable[Path], versions: dict[str, str], day: str) -> Self:
        """Read reports that pytest has written; a test that they lack has failed."""
        cases: dict[str, str] = {}
        for report in filter(Path.exists, reports):
            for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest's
                one = f"{case.get('classname')}::{case.get('name', '')}"
                for test in {one, one.partition("[")[0]}:  # with its parameters and with any
                    cases[test] = _outcome(case, cases.get(test, PASSED))
        results = {
            check: _all([cases.get(_junit_name(test), FAILED) for test in tests])
            for check, tests in CHECKS.items()
        }
        return cls(**versions, day=day, results=results)

    @property
    def place(self) -> tuple[str, str, str]:
        """The versions without what changes in a bug fix: ("4.3", "3.13", "17")."""
        return series(self.spark), series(self.python), self.java.split(".")[0]


def series(version: str) -> str:
    """Return "4.3" of "4.3.0"."""
    return ".".join(version.split(".")[:2])


def load() -> list[Run]:
    """Return all known runs, in the order of their versions."""
    if not RESULTS.exists():
        return []
    return [Run(**run) for run in json.loads(RESULTS.read_text())["runs"]]


def add(run: Run) -> None:
    """Store a run in place of an earlier one of the same versions."""
    runs = {known.place: known for known in load()} | {run.place: run}
    ordered = sorted(runs.values(), key=lambda known: [_number(each) for each in known.place])
    text = json.dumps({"runs": [asdict(each) for each in ordered]}, indent=2, ensure_ascii=False)
    RESULTS.write_text(text + "\n")


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _junit_name(test: str) -> str:
    file, _, name = test.partition("::")
    return f"{file.removesuffix('.py').replace('/', '.')}::{name}"


def _outcome(case: ElementTree.Element, before: str) -> str:
    """Return the worse of a test's outcome and that of its other parameters."""
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    skipped = case.find("skipped")
    if skipped is None or before == FAILED:
        return before
    reason = skipped.get("message", "")
    return reason if reason.startswith("from Spark") else UNTESTED


def _all(outcomes: list[str]) -> str:
    """Return the worst outcome: a failure, else the reason of a skip."""
    worst = sorted(outcomes, key=lambda outcome: (outcome == PASSED, outcome != FAILED))
    return worst[0]
