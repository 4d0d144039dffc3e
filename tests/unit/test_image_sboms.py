"""The SBOMs of the images."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tools.release import images
from tools.release.go import ProgramMissing, go_program
from tools.release.images import KINDS, ROOT, SYFT, SbomMissing, check, kinds

DOCUMENT = {
    "components": [
        {"name": "bash", "purl": "pkg:deb/debian/bash@5.2.37-2?arch=amd64&distro=debian-13"},
        {"name": "guava", "purl": "pkg:maven/com.google.guava/guava@11.0.2"},
        {"name": "gson", "purl": "pkg:maven/com.google.code.gson/gson@2.9.1"},
        {"name": "debian", "type": "operating-system"},
    ]
}


def path_with(folder: Path, *programs: str) -> str:
    """A PATH on which only these programs are; they write what they are called with."""
    for name in programs:
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> "{folder}/calls"\n')
        program.chmod(0o755)
    return str(folder)


def test_each_image_of_the_lab_gets_one() -> None:
    compose = "".join((ROOT / name).read_text() for name in ("compose.yaml", "compose.own.yaml"))
    assert set(re.findall(r"image: \$\{LAB_IMAGES:-.*?\}-(\w+)", compose)) == KINDS.keys()


def test_packages_are_counted_by_kind() -> None:
    assert kinds(DOCUMENT) == Counter(maven=2, deb=1)
    assert kinds({}) == Counter()


def test_a_document_that_lacks_a_kind_of_package_is_refused() -> None:
    check("flume", Counter(deb=1, maven=1))
    with pytest.raises(SbomMissing, match="of spark names no package of maven, pypi"):
        check("spark", Counter(deb=90))


def test_syft_is_the_installed_one_or_that_which_go_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing, match="neither syft nor Go"):
        go_program("syft", SYFT)
    path_with(tmp_path, "go")
    assert go_program("syft", SYFT) == ["go", "run", SYFT]
    path_with(tmp_path, "syft")
    assert go_program("syft", SYFT) == ["syft"]


@pytest.mark.parametrize(
    ("name", "build"), [("s3", "--profile '*' build"), ("own", "-f compose.own.yaml build own")]
)
def test_an_image_that_is_not_built_is_named_with_the_remedy(
    name: str, build: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\necho 'Error: No such image: mine-{name}' >&2\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    done = subprocess.run(
        [sys.executable, "-m", "tools.release.images", name, "--prefix", "mine"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == (
        f"sbom: Error: No such image: mine-{name}\nIf it is not built: docker compose {build}\n"
    )


def test_syft_writes_a_document_for_each_image_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path_with(tmp_path, "docker", "syft")
    written = tmp_path / "flume.cdx.json"
    written.write_text(json.dumps(DOCUMENT))  # as syft would
    monkeypatch.setattr(images, "OUTPUT", tmp_path)
    monkeypatch.setattr(images, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", ["images", "flume", "--prefix", "mine"])

    assert images.main() == 0

    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == [
        "docker image inspect --format {{.Id}} mine-flume",
        f"syft scan docker:mine-flume -q -o cyclonedx-json={written}",
    ]
    assert capsys.readouterr().out == "flume.cdx.json: 1 deb, 2 maven\n"
