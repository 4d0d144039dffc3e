"""SBOMs: what a wheel or a folder contains that is not this project's Python code."""

from __future__ import annotations

import hashlib
import re
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import parse_wheel_filename

from tools.release.jars import read_jar

U_PLOT = re.compile(rb"/uPlot \(v(?P<version>[\d.]+)\)")
"""The comment at the top of its file."""


def sbom(wheel: Path, made: datetime) -> str:
    """Return the SBOM of a wheel (PEP 770); the same for the same wheel and time."""
    name, version, _, _ = parse_wheel_filename(wheel.name)
    root = Component(
        name=name,
        version=str(version),
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", None, name, str(version)),
        bom_ref=f"pypi/{name}",
        licenses=[LicenseFactory().make_from_string(_licence_of(wheel))],
    )
    with zipfile.ZipFile(wheel) as archive:
        files = ((file, archive.read(file)) for file in archive.namelist())
        return describe(root, files, made)


def describe(root: Component, files: Iterable[tuple[str, bytes]], made: datetime) -> str:
    """Return the SBOM of what has these files, as CycloneDX in JSON.

    :param root: what has them
    :param files: the name and the content of each; what is foreign in them is found by the name
    """
    components = sorted(_components(files), key=lambda each: str(each.bom_ref))
    content = "".join(f"{each.bom_ref} {each.hashes}" for each in components)
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{root.purl} {made} {content}"),
        components=components,
    )
    bom.metadata.component = root
    bom.metadata.timestamp = made.astimezone(UTC)
    bom.register_dependency(root, components)
    return str(
        make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    )


def _licence_of(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        [licence] = re.findall(r"(?m)^License-Expression: (.+)$", archive.read(name).decode())
    return str(licence)


def _components(files: Iterable[tuple[str, bytes]]) -> Iterator[Component]:
    for name, content in files:
        path = PurePosixPath(name)
        if path.suffix == ".jar":
            jar = read_jar(path.name, content)
            if not jar.group:
                raise ValueError(f"{path.name} has no group; add it to jar_licences.toml")
            purl = PackageURL("maven", jar.group, jar.artifact, jar.version)
            yield _component(name, content, purl, jar.licence)
        elif path.match("vendor/uPlot*.js"):
            found = U_PLOT.search(content)
            if not found:
                raise ValueError(f"{name} does not say its version; adapt tools/release/sbom.py")
            purl = PackageURL("npm", None, "uplot", found["version"].decode())
            yield _component(name, content, purl, "MIT")


def _component(name: str, content: bytes, purl: PackageURL, licence: str) -> Component:
    return Component(
        name=purl.name,
        group=purl.namespace,
        version=purl.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=name,
        licenses=[LicenseFactory().make_from_string(licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())],
        properties=[Property(name="path", value=name)],
    )
