"""Write the tables of docs/reference/compatibility.md from the results.

python -m tools.matrix.page
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.matrix import results
from tools.matrix.plan import CHECKS, JAVAS, PAGE, PYTHONS, SPARKS
from tools.matrix.results import FAILED, PASSED, UNTESTED, Run, series

BEGIN = "<!-- make matrix writes from here"
END = "<!-- to here -->"


def tables(runs: Sequence[Run]) -> str:
    """Return what stands between the two marks."""
    sparks = [series(spark) for spark in SPARKS]
    of_spark = {spark: [run for run in runs if run.place[0] == spark] for spark in sparks}
    exact = [", ".join(sorted({run.spark for run in of_spark[each]})) or each for each in sparks]
    checks = [
        [check, *(_check_cell(check, of_spark[spark]) for spark in sparks)] for check in CHECKS
    ]
    versions = [
        [python, java, *(_version_cell(of_spark[spark], python, java) for spark in sparks)]
        for python in PYTHONS
        for java in JAVAS
    ]
    of_checks = ["what", *(f"Spark {spark}" for spark in sparks)]
    of_versions = ["Python", "Java", *(f"Spark {each}" for each in exact)]
    return f"{_table(of_checks, checks)}\n\n{_table(of_versions, versions)}"


def _check_cell(check: str, runs: Sequence[Run]) -> str:
    """Say how one check went with all Pythons and Javas of a Spark."""
    outcomes = {run.results.get(check, UNTESTED) for run in runs} - {UNTESTED}
    if not outcomes:
        return UNTESTED
    failed = [run.place[1:] for run in runs if run.results.get(check) == FAILED]
    if not failed:
        return "yes" if outcomes == {PASSED} else ", ".join(sorted(outcomes - {PASSED}))
    if len(failed) == len(runs):
        return "**no**"
    return "yes; **no** with " + ", ".join(f"Python {p} and Java {j}" for p, j in failed)


def _version_cell(runs: Sequence[Run], python: str, java: str) -> str:
    run = next((run for run in runs if run.place[1:] == (python, java)), None)
    if not run or UNTESTED in run.results.values():
        return UNTESTED
    failed = [outcome for outcome in run.results.values() if outcome == FAILED]
    return "**no**" if len(failed) == len(run.results) else "in part" if failed else "yes"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (heading, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(heading)}", *lines[1:]])


def written(text: str, runs: Sequence[Run]) -> str:
    """Return the page with the tables of these runs."""
    made = f"\\1\n{tables(runs)}\n{END}"
    return re.sub(rf"({re.escape(BEGIN)}.*?-->\n).*{re.escape(END)}", made, text, flags=re.DOTALL)


def write() -> None:
    """Write the tables into the page."""
    PAGE.write_text(written(PAGE.read_text(), results.load()))


if __name__ == "__main__":
    write()
