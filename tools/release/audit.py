"""Look up known vulnerabilities of the jars that users get: ``python -m tools.release.audit``.

osv-scanner reads SBOMs, which this makes of the jars as they were built here: a document for each
runtime, in dist/audit/. A finding that does not concern the lab is explained in osv-scanner.toml.
The jars of PySpark are not looked up: they are what one version of PySpark contains.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.model.component import Component, ComponentType

from flumelint.version import VERSION
from tools.release.go import ProgramMissing, go_program
from tools.release.licences import JAR_FOLDERS
from tools.release.sbom import describe

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "dist/audit"
CONFIG = Path(__file__).with_name("osv-scanner.toml")
# The newest that Go 1.26 builds.
OSV_SCANNER = "github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.5.1"


def documents(root: Path, output: Path) -> list[Path]:
    """Write an SBOM for each runtime whose jars are built, and return them.

    osv-scanner takes a file for CycloneDX if its name ends in ``.cdx.json``.
    """
    written = []
    for folder in JAR_FOLDERS:
        jars = sorted((root / folder).rglob("*.jar"))
        if jars:
            name = folder.partition("/target")[0].rpartition("/")[2]
            runtime = Component(name=name, version=VERSION, type=ComponentType.APPLICATION)
            files = ((jar.relative_to(root).as_posix(), jar.read_bytes()) for jar in jars)
            document = output / f"{name}.cdx.json"
            output.mkdir(parents=True, exist_ok=True)
            document.write_text(describe(runtime, files, datetime.now(UTC)) + "\n", "utf-8")
            written.append(document)
    return written


def main() -> int:
    """Let osv-scanner print what it finds; a jar that cannot be looked up is a failure, too."""
    missing = [folder for folder in JAR_FOLDERS if not any((ROOT / folder).rglob("*.jar"))]
    for folder in missing:
        print(f"NOT CHECKED: {folder} has no jar; mvn -f runtimes/pom.xml package makes them")
    sboms = [f"--lockfile={each}" for each in documents(ROOT, OUTPUT)]
    try:
        scanner = go_program("osv-scanner", OSV_SCANNER)
    except ProgramMissing as reason:
        print(f"audit: {reason}")
        return 1
    # dist/ is in .gitignore, which osv-scanner would obey.
    options = ["--no-ignore", f"--config={CONFIG}"]
    done = subprocess.run([*scanner, "scan", "source", *options, *sboms], check=False)
    # 1: something was found, or `go run` has printed the scanner's own status
    if done.returncode > 1:
        print(f"audit: osv-scanner ended with {done.returncode}; nothing may have been looked up")
    return done.returncode or len(missing)


if __name__ == "__main__":
    sys.exit(main())
