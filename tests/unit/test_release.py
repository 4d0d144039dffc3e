"""What a release says of the wheels that it builds."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclonedx", reason="make .venv/ready installs it")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.release.addresses import without_address
from tools.release.build import PROJECTS, build_wheel
from tools.release.jars import LicenceUnknown, read_jar
from tools.release.licences import is_allowed, package_licences
from tools.release.sbom import sbom

MADE = datetime(2026, 11, 29, tzinfo=UTC)
PROPERTIES = "groupId=org.example\nartifactId=thing\nversion=1.2\n"


def jar(**files: str) -> bytes:
    """A jar with these files; `manifest`, `pom` and `properties` stand for their places."""
    places = {
        "manifest": "META-INF/MANIFEST.MF",
        "pom": "META-INF/maven/org.example/thing/pom.xml",
        "properties": "META-INF/maven/org.example/thing/pom.properties",
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(places.get(name, name), text)
    return made.getvalue()


STATED_IN_MANIFEST = jar(
    properties=PROPERTIES,
    # A manifest's lines have at most 72 bytes; the rest follows after a space.
    manifest="Manifest-Version: 1.0\r\nBundle-License: https://www.apache.org/lic\r\n"
    " enses/LICENSE-2.0.txt\r\n",
)


def test_a_jar_says_its_coordinates_and_its_licence_in_manifest_or_pom() -> None:
    found = read_jar("thing-1.2.jar", STATED_IN_MANIFEST)
    assert (found.group, found.artifact, found.version) == ("org.example", "thing", "1.2")
    assert found.licence == "Apache-2.0"

    pom = "<project><licenses><license><name>The MIT License</name></license></licenses></project>"
    assert read_jar("thing.jar", jar(properties=PROPERTIES, pom=pom)) == type(found)(
        "org.example", "thing", "1.2", "MIT"
    )


def test_the_poms_of_what_is_shaded_into_a_jar_are_not_the_jars() -> None:
    pom = "<licenses><license><name>The MIT License</name></license></licenses>"
    found = read_jar("kafka-clients-4.1.2.jar", jar(properties=PROPERTIES, pom=pom))

    assert (found.group, found.version) == ("org.apache.kafka", "4.1.2")
    assert found.licence == "Apache-2.0"


def test_a_jar_without_a_pom_gets_its_group_from_the_table(tmp_path: Path) -> None:
    assert read_jar("irclib-1.10.jar", jar()).group == "org.schwering"

    unknown = wheel(tmp_path, {"thing-4.jar": jar(manifest="Bundle-License: license/mit\n")})
    with pytest.raises(ValueError, match=r"thing-4\.jar has no group; add it"):
        sbom(unknown, MADE)


def test_an_artifacts_name_may_contain_a_version() -> None:
    pom = "META-INF/maven/org.apache.logging.log4j/log4j-1.2-api/pom.properties"
    found = read_jar(
        "log4j-1.2-api-2.25.2.jar",
        jar(manifest="Bundle-License: MIT-0, license/mit", **{pom: "version=2.25.2"}),
    )

    assert (found.artifact, found.version) == ("log4j-1.2-api", "2.25.2")


@pytest.mark.parametrize("manifest", ["", "Bundle-License: Beerware\n"])
def test_a_jar_whose_licence_is_not_known_is_named_with_the_remedy(manifest: str) -> None:
    with pytest.raises(LicenceUnknown, match=r"^other-1\.jar states .*add .*jar_licences\.toml$"):
        read_jar("other-1.jar", jar(manifest=manifest))


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("Apache-2.0", True),
        ("BSD-3-Clause AND 0BSD AND MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only", False),
        ("", False),
    ],
)
def test_each_part_of_a_licence_has_to_be_allowed(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) == allowed


def test_what_our_distributions_require_may_be_passed_on() -> None:
    found = dict(package_licences())

    assert {"pyspark", "numpy", "pyarrow", "typer", "sqlalchemy"} <= found.keys()
    assert {name: each for name, each in found.items() if not is_allowed(each)} == {}


def wheel(folder: Path, files: dict[str, bytes]) -> Path:
    """A file that has a wheel's name and these files."""
    made = folder / "some_lab-1.5-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        metadata = "Metadata-Version: 2.4\nLicense-Expression: Apache-2.0 AND MIT\n\nA lab.\n"
        archive.writestr("some_lab-1.5.dist-info/METADATA", metadata)
        for name, content in files.items():
            archive.writestr(name, content)
    return made


def components(document: str) -> dict[str, dict[str, Any]]:
    """The components of an SBOM by their place in the wheel."""
    return {each["bom-ref"]: each for each in json.loads(document).get("components", [])}


def test_an_sbom_names_jars_and_vendored_scripts_and_nothing_else(tmp_path: Path) -> None:
    script = b"/*! https://example.org/uPlot (v1.6.32) */\nvar uPlot"
    made = wheel(
        tmp_path,
        {
            "some/lab/thing-1.2.jar": STATED_IN_MANIFEST,
            "some/vendor/uPlot.iife.min.js": script,
            "some/own.js": b"",
            "some/own.py": b"",
        },
    )

    document = sbom(made, MADE)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    found = components(document)

    [licence] = json.loads(document)["metadata"]["component"]["licenses"]
    assert licence["expression"] == "Apache-2.0 AND MIT"
    assert {place: (c["purl"], c["hashes"][0]["content"]) for place, c in found.items()} == {
        "some/lab/thing-1.2.jar": (
            "pkg:maven/org.example/thing@1.2",
            hashlib.sha256(STATED_IN_MANIFEST).hexdigest(),
        ),
        "some/vendor/uPlot.iife.min.js": (
            "pkg:npm/uplot@1.6.32",
            hashlib.sha256(script).hexdigest(),
        ),
    }
    assert [c["licenses"] for c in found.values()] == [
        [{"license": {"id": "Apache-2.0"}}],
        [{"license": {"id": "MIT"}}],
    ]


def test_an_sbom_is_the_same_for_the_same_wheel_and_time(tmp_path: Path) -> None:
    one = wheel(tmp_path, {"thing-1.2.jar": STATED_IN_MANIFEST})
    first = sbom(one, MADE)
    assert sbom(one, MADE) == first

    other = sbom(wheel(tmp_path, {"thing-1.3.jar": STATED_IN_MANIFEST}), MADE)
    assert json.loads(other)["serialNumber"] != json.loads(first)["serialNumber"]


def test_a_built_wheel_has_its_sbom_where_pep_770_puts_it(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "some").mkdir(parents=True)
    (project / "some/__init__.py").touch()
    (project / "some/thing-1.2.jar").write_bytes(STATED_IN_MANIFEST)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "some"\nversion = "1.5"\nlicense = "MIT"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )

    built = build_wheel(project, tmp_path, MADE)

    with zipfile.ZipFile(built) as archive:
        document = archive.read("some-1.5.dist-info/sboms/some.cdx.json").decode()
        assert (
            "some-1.5.dist-info/sboms/some.cdx.json,sha256="
            in archive.read("some-1.5.dist-info/RECORD").decode()
        )
    assert list(components(document)) == ["some/thing-1.2.jar"]
    assert json.loads(document)["metadata"]["component"]["purl"] == "pkg:pypi/some@1.5"


def test_files_without_the_projects_address_are_named(tmp_path: Path) -> None:
    for project in PROJECTS:
        (tmp_path / project).mkdir(parents=True, exist_ok=True)
        (tmp_path / project / "pyproject.toml").write_text('[project]\nname = "some"\n')
    (tmp_path / "CITATION.cff").write_text("title: some\n")
    all_of_them = [
        *("src/flumelint/pyproject.toml", "connector/pyproject.toml"),
        *("pyproject.toml", "CITATION.cff"),
    ]
    assert without_address(tmp_path) == all_of_them

    with (tmp_path / "connector/pyproject.toml").open("a") as file:
        file.write('urls = { Source = "https://example.org/some" }\n')
    with (tmp_path / "CITATION.cff").open("a") as file:
        file.write("repository-code: https://example.org/some\n")
    assert without_address(tmp_path) == [all_of_them[0], all_of_them[2]]
