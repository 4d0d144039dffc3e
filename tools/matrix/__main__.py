"""Run the tests of `plan.CHECKS` on each Spark, Python and Java: ``make matrix``.

The results go to docs/reference/compatibility.json, and from there into the tables of the page.
``--spark 4.0`` runs one Spark; what is known of the others stays.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tools.matrix import page, results
from tools.matrix.environment import Environment, Wheels
from tools.matrix.plan import CHECKS, EXTRAS, JAVAS, JAVAS_OF, ROOT, SPARKS
from tools.matrix.results import FAILED, Run, series


def main() -> int:
    """Run what was asked for; return 1 if a test has failed."""
    parser = argparse.ArgumentParser(description="Try the connector on several Sparks.")
    sparks = [series(spark) for spark in SPARKS]
    parser.add_argument("--spark", choices=sparks, help="without it all Sparks")
    parser.add_argument("--python", choices=list(JAVAS_OF), help="without it all Pythons")
    parser.add_argument("--java", choices=JAVAS, help="without it all Javas")
    parser.add_argument("--sparks-in", type=Path, help="folder that keeps the wheels of Sparks")
    asked = parser.parse_args()
    if asked.java and asked.python and asked.java not in JAVAS_OF[asked.python]:
        parser.error(f"Python {asked.python} is tried on Java {', '.join(JAVAS_OF[asked.python])}")
    failed = False
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        wheels = Wheels(Path(folder, "wheels"), asked.sparks_in or Path(folder, "sparks"))
        for spark in SPARKS:
            for python in JAVAS_OF:
                javas = [java for java in JAVAS_OF[python] if asked.java in (None, java)]
                fits = asked.spark in (None, series(spark)) and asked.python in (None, python)
                if fits and javas:
                    failed |= _try(spark, python, javas, wheels)
    return int(failed)


def _try(spark: str, python: str, java_versions: Sequence[str], wheels: Wheels) -> bool:
    """Run the tests on one Spark and Python with these Javas; return whether one has failed."""
    name = f"matrix: Spark {spark}, Python {python}"
    failed = False
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        try:
            made = Environment(Path(folder, "venv"), python)
        except LookupError as missing:
            print(f"{name}: untested, since there is {missing} here", flush=True)
            return False
        javas = {}
        for java in java_versions:
            try:
                javas[java] = made.variables(java)
            except LookupError as missing:
                print(f"{name}: untested, since there is {missing} here", flush=True)
        reports: dict[str, list[Path]] = {java: [] for java in javas}
        for extra, checks in EXTRAS.items():
            made.install(wheels.spark(spark), wheels, extra)
            for java, variables in javas.items():
                print(f"{name}, Java {java}, pyspark-flume{extra}", flush=True)
                its_folder = Path(folder, f"java-{java}{extra}")
                reports[java].append(_report(made, variables, checks, its_folder))
        for java, variables in javas.items():
            day = datetime.now(UTC).date().isoformat()
            run = Run.read(reports[java], made.versions(variables), day)
            results.add(run)
            failed |= FAILED in run.results.values()
    page.write()
    return failed


def _report(
    made: Environment, variables: dict[str, str], checks: Sequence[str], folder: Path
) -> Path:
    """Run tests, their files in `folder`; return pytest's report."""
    report = folder.with_suffix(".xml")
    tests = [test for check in checks for test in CHECKS[check]]
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", f"--basetemp={folder}"]
    command = [str(made.python), "-m", "pytest", *options, *tests]
    subprocess.run(command, cwd=ROOT, env=variables, check=False)
    return report


if __name__ == "__main__":
    sys.exit(main())
