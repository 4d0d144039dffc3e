"""Run the tests of `plan.CHECKS` on each Spark, Python and Java: ``make matrix``.

The results go to docs/reference/compatibility.json, and from there into the tables of the page.
``--spark 4.0`` runs one Spark; what is known of the others stays.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tools.matrix import page, results
from tools.matrix.environment import Environment, Wheels
from tools.matrix.plan import CHECKS, JAVAS_OF, ROOT, SPARKS
from tools.matrix.results import FAILED, Run, series


def main() -> int:
    """Run what was asked for; return 1 if a test has failed."""
    parser = argparse.ArgumentParser(description="Try the connector on several Sparks.")
    parser.add_argument("--spark", default="", help="such as 4.0; without it all Sparks")
    parser.add_argument("--python", default="", help="such as 3.12; without it all Pythons")
    parser.add_argument("--sparks-in", type=Path, help="folder that keeps the wheels of Sparks")
    asked = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        wheels = Wheels(Path(folder, "wheels"), asked.sparks_in or Path(folder, "sparks"))
        for spark in SPARKS:
            for python in JAVAS_OF:
                if asked.spark in ("", series(spark)) and asked.python in ("", python):
                    failed |= _try(spark, python, wheels)
    return int(failed)


def _try(spark: str, python: str, wheels: Wheels) -> bool:
    """Run the tests on one Spark and Python; return whether one has failed."""
    name = f"matrix: Spark {spark}, Python {python}"
    failed = False
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        try:
            made = Environment(Path(folder, "venv"), python)
            made.install(wheels.spark(spark), wheels)
            for java in JAVAS_OF[python]:
                print(f"{name}, Java {java}", flush=True)
                run = _run(made, java, Path(folder, f"java-{java}"))
                results.add(run)
                page.write()
                failed |= FAILED in run.results.values()
        except LookupError as missing:
            print(f"{name}: untested, since there is {missing} here", flush=True)
    return failed


def _run(made: Environment, java: str, folder: Path) -> Run:
    """Run the tests with one Java; their files go to `folder`."""
    variables = made.variables(java)
    junit = folder.with_suffix(".xml")
    tests = [test for each in CHECKS.values() for test in each]
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={junit}", f"--basetemp={folder}"]
    command = [str(made.python), "-m", "pytest", *options, *tests]
    subprocess.run(command, cwd=ROOT, env=variables, check=False)
    return Run.read(junit, made.versions(variables), datetime.now(UTC).date().isoformat())


if __name__ == "__main__":
    sys.exit(main())
