"""Build the wheels, each with an SBOM inside, and the source archives."""

from __future__ import annotations

import os
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path

from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tools.release.sbom import sbom

PROJECTS = ("src/flumelint", "connector", ".")
WITH_SOURCES = ("src/flumelint", "connector")
"""The lab has no source archive: that would be the repository, which a tag already is."""


def build(root: Path, output: Path, made: datetime) -> list[Path]:
    """Build all distributions of a checkout; Maven has built the jars before.

    :param made: the time that the archives and SBOMs have
    :returns: the distributions, in the order in which each needs the ones before
    """
    os.environ["SOURCE_DATE_EPOCH"] = str(int(made.timestamp()))
    distributions = []
    for project in PROJECTS:
        distributions.append(build_wheel(root / project, output, made))
        if project in WITH_SOURCES:
            source = next(SdistBuilder(str(root / project)).build(directory=str(output)))
            distributions.append(Path(source))
    return distributions


def build_wheel(project: Path, output: Path, made: datetime) -> Path:
    """Build a wheel whose folder ``….dist-info/sboms`` says what is in it (PEP 770).

    It is built twice, since the SBOM is that of the finished wheel.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = _wheel(WheelBuilder(str(project)), folder)
        document = Path(folder, f"{plain.name.split('-')[0]}.cdx.json")
        document.write_text(sbom(plain, made) + "\n", "utf-8")
        builder = WheelBuilder(str(project))
        builder.config.target_config["sbom-files"] = [str(document)]
        wheel = _wheel(builder, str(output))
    with zipfile.ZipFile(wheel) as archive:
        if not [name for name in archive.namelist() if ".dist-info/sboms/" in name]:
            raise RuntimeError(f"{wheel.name} has no SBOM; does this hatchling have sbom-files?")
    return wheel


def _wheel(builder: WheelBuilder, folder: str) -> Path:
    return Path(next(builder.build(directory=folder, versions=["standard"])))
