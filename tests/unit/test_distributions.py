"""What the distributions say of themselves is complete and agrees."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from flumelint.version import VERSION

ROOT = Path(__file__).parents[2]
PROJECTS = (".", "connector", "src/flumelint")
POMS = [
    *sorted((ROOT / "connector/java").rglob("pom.xml")),
    *sorted((ROOT / "runtimes").rglob("pom.xml")),
    ROOT / "tools/flumelint/pom.xml",
    ROOT / "tools/yarn/pom.xml",
]


def settings(project: str) -> dict[str, Any]:
    """A project's pyproject.toml."""
    return tomllib.loads((ROOT / project / "pyproject.toml").read_text())


@pytest.mark.parametrize("project", PROJECTS)
def test_the_version_comes_from_one_file(project: str) -> None:
    stated = settings(project)
    assert "version" not in stated["project"]
    assert stated["project"]["dynamic"] == ["version"]
    source = stated["tool"]["hatch"]["version"]
    assert (ROOT / project / source["path"]).resolve() == ROOT / "src/flumelint/version.py"
    found = re.search(source["pattern"], (ROOT / project / source["path"]).read_text())
    assert found
    assert found["version"] == VERSION


@pytest.mark.parametrize(
    "pom", [p for p in POMS if "target" not in p.parts], ids=lambda p: p.parent.name
)
def test_the_poms_have_that_version_too(pom: Path) -> None:
    """Maven reads no Python file. The first version in a pom is the project's, or its parent's."""
    found = re.search("<version>([^<]+)</version>", pom.read_text())
    assert found
    assert found[1] == VERSION


def test_the_pages_name_that_version() -> None:
    assert f"flume-plugins-{VERSION}.jar" in (ROOT / "docs/how-to/prometheus.md").read_text()
    assert f"rev: v{VERSION}\n" in (ROOT / "docs/flumelint.md").read_text()


@pytest.mark.parametrize("project", PROJECTS)
def test_a_distribution_says_what_it_is(project: str) -> None:
    stated = settings(project)["project"]
    assert stated["license"].startswith("Apache-2.0")
    for pattern in stated["license-files"]:
        assert list((ROOT / project).glob(pattern)), pattern
    assert stated["authors"] == [{"name": "The project's contributors"}]
    assert len(stated["keywords"]) >= 5
    assert stated["classifiers"] == sorted(stated["classifiers"])
    assert "Typing :: Typed" in stated["classifiers"]
    assert (ROOT / project / stated["readme"]).is_file()


@pytest.mark.parametrize("project", PROJECTS)
@pytest.mark.parametrize("builder", [WheelBuilder, SdistBuilder])
def test_a_distributions_metadata_can_be_read_by_older_tools(
    builder: type[WheelBuilder | SdistBuilder], project: str
) -> None:
    """twine 6 refuses Metadata-Version 2.5; 2.4 has licence files, too."""
    config = builder(str(ROOT / project)).config
    metadata = config.core_metadata_constructor(config.builder.metadata)
    assert metadata.startswith("Metadata-Version: 2.4\n")
    licences = re.findall("(?m)^License-File: (.+)$", metadata)
    assert licences == settings(project)["project"]["license-files"]


def test_typed_packages_say_so() -> None:
    for package in ("connector/src/pyspark_flume", "src/flumelab", "src/flumelint"):
        assert (ROOT / package / "py.typed").is_file(), package


def test_the_locks_and_poms_name_no_registry() -> None:
    """So that a mirror works."""
    for file in [*POMS, *(ROOT / "requirements").glob("*.txt")]:
        text = re.sub(
            r'(xmlns|xsi)(:\w+)?="[^"]*"|http://maven\.apache\.org\S*', "", file.read_text()
        )
        assert not re.search(r"https?://|--index-url|<repository>", text), file
