"""The look-up of known vulnerabilities in the jars."""

from __future__ import annotations

import json
import tomllib
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx", reason="make .venv/ready installs it")

from tools.release import audit
from tools.release.audit import CONFIG, main
from tools.release.licences import JAR_FOLDERS


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which one jar of each runtime is built."""
    for folder in JAR_FOLDERS:
        (tmp_path / folder / "lib").mkdir(parents=True)
        with zipfile.ZipFile(tmp_path / folder / "lib/libthrift-0.23.0.jar", "w") as archive:
            archive.writestr("META-INF/MANIFEST.MF", "")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    monkeypatch.setattr(audit, "OUTPUT", tmp_path / "dist/audit")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def scanner_that_ends_with(status: int, folder: Path) -> Path:
    """An osv-scanner that only writes what it is called with, and into which file."""
    program, calls = folder / "osv-scanner", folder / "calls"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{calls}"\nexit {status}\n')
    program.chmod(0o755)
    return calls


def test_the_scanner_gets_an_sbom_of_each_runtime(checkout: Path) -> None:
    calls = scanner_that_ends_with(0, checkout)

    assert main() == 0

    sboms = [f"{checkout}/dist/audit/{name}.cdx.json" for name in (
        "receiver", "flume", "kafka", "s3-server", "spark-packages"
    )]  # fmt: skip
    assert calls.read_text().splitlines() == [
        *("scan", "source", "--no-ignore", f"--config={CONFIG}"),
        *(f"--lockfile={each}" for each in sboms),
    ]
    document = json.loads(Path(sboms[1]).read_text())
    assert document["metadata"]["component"]["name"] == "flume"
    [component] = document["components"]
    assert component["purl"] == "pkg:maven/org.apache.thrift/libthrift@0.23.0"
    assert component["bom-ref"] == "runtimes/flume/target/flume/lib/libthrift-0.23.0.jar"


def test_a_finding_is_a_failure(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scanner_that_ends_with(1, checkout)
    assert main() == 1
    assert capsys.readouterr().out == ""


def test_a_look_up_that_failed_is_not_taken_for_a_clean_one(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scanner_that_ends_with(127, checkout)
    assert main() == 127
    assert "osv-scanner ended with 127; nothing may have been looked up" in capsys.readouterr().out


def test_a_runtime_that_is_not_built_is_named(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scanner_that_ends_with(0, checkout)
    (checkout / "runtimes/kafka/target/kafka/lib/libthrift-0.23.0.jar").unlink()
    assert main() == 1
    assert capsys.readouterr().out.startswith("NOT CHECKED: runtimes/kafka/target/kafka has no jar")


def test_without_scanner_and_go_the_remedy_is_named(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 1
    assert "neither osv-scanner nor Go is here; install one" in capsys.readouterr().out


def test_each_finding_that_is_left_out_has_a_reason() -> None:
    for each in tomllib.loads(CONFIG.read_text()).get("IgnoredVulns", []):
        assert each["id"] and each["reason"]
