"""Build the distributions as a release does, and check them: ``python -m tools.release``.

They end in dist/release/. With RELEASE_TAG the version has to be that of the tag.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from flumelint.version import VERSION
from tools.release.addresses import without_address
from tools.release.build import build
from tools.release.install import install_and_try

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "dist/release"


def main() -> int:
    """Build, check and install everything; the first failure ends it."""
    tag = os.environ.get("RELEASE_TAG") or f"v{VERSION}"
    if tag != f"v{VERSION}":
        print(f"release: the tag is {tag}, but src/flumelint/version.py says {VERSION}; mend one")
        return 1
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    distributions = build(ROOT, OUTPUT, _time_of_the_commit())
    for file in distributions:
        print(f"{file.stat().st_size / 1e6:8.2f} MB  {file.relative_to(ROOT)}")
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *distributions], check=True)
    with tempfile.TemporaryDirectory() as folder:
        install_and_try(ROOT, distributions, Path(folder))
    print(f"release: version {VERSION} is ready in {OUTPUT.relative_to(ROOT)}")
    if lacking := without_address(ROOT):
        print(f"release: REMINDER: no address of the project is in {', '.join(lacking)}")
    return 0


def _time_of_the_commit() -> datetime:
    """So that two builds of a commit are the same."""
    command = ["git", "log", "-1", "--format=%ct"]
    shown = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return datetime.fromtimestamp(int(shown), UTC)


if __name__ == "__main__":
    sys.exit(main())
