"""What a jar is: its Maven coordinates and its licence, from the jar itself and from a table."""

from __future__ import annotations

import re
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

NAME = re.compile(r"(?P<artifact>.+?)-(?P<version>\d.*)\.jar")
POM_FILE = re.compile(r"META-INF/maven/(?P<group>[^/]+)/(?P<artifact>[^/]+)/pom\.(xml|properties)")


class LicenceUnknown(Exception):
    """A jar does not state its licence, and the table does not know it either."""


@dataclass(frozen=True)
class Jar:
    """A jar's Maven coordinates and its licence as an SPDX expression."""

    group: str  # empty if neither the jar nor the table says it
    artifact: str
    version: str
    licence: str


def read_jar(name: str, content: bytes) -> Jar:
    """Read a jar.

    :param name: the file's name, such as ``guava-11.0.2.jar``
    :raises LicenceUnknown: add the jar to ``jar_licences.toml``
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        poms = filter(None, map(POM_FILE.fullmatch, archive.namelist()))
        # A jar may contain others' poms, too: those of what is shaded into it.
        own = [each for each in poms if re.fullmatch(f"{each['artifact']}(-\\d.*)?\\.jar", name)]
        pom, properties = "", ""
        if own:
            folder = own[0].string.rpartition("/")[0]
            pom = _text(archive, f"{folder}/pom.xml")
            properties = _text(archive, f"{folder}/pom.properties")
        manifest = _text(archive, "META-INF/MANIFEST.MF").replace("\r", "").replace("\n ", "")
    in_name = NAME.fullmatch(name)
    artifact = own[0]["artifact"] if own else in_name["artifact"] if in_name else name[:-4]
    in_properties = re.search("^version=(.*?)\\s*$", properties, re.MULTILINE)
    stated = re.search("^Bundle-License: *(.*)$", manifest, re.MULTILINE)
    licences = re.search("<licenses>.*?</licenses>", pom, re.DOTALL)
    return Jar(
        group=own[0]["group"] if own else _group(artifact),
        artifact=artifact,
        version=in_properties[1] if in_properties else in_name["version"] if in_name else "",
        licence=_licence(name, f"{licences[0] if licences else ''} {stated[1] if stated else ''}"),
    )


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        return archive.read(name).decode("utf-8", "replace")
    except KeyError:
        return ""


def _group(artifact: str) -> str:
    groups = _table()["groups"].items()
    return next((group for group, its in groups if re.fullmatch(its, artifact)), "")


def _licence(name: str, stated: str) -> str:
    for row in _table()["stated"]:
        if re.search(row["text"], stated):
            return str(row["licence"])
    for row in _table()["silent"]:
        if re.fullmatch(row["jar"], name):
            return str(row["licence"])
    raise LicenceUnknown(
        f"{name} states the licence {stated.strip() or 'nowhere'!r}; "
        "add what its project says to tools/release/jar_licences.toml"
    )


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("jar_licences.toml").read_text("utf-8"))
