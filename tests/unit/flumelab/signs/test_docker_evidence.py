"""What the Docker runtime shows of its services; the commands of its containers run here."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from flumelab.runtimes.docker_evidence import DockerEvidence
from flumelab.runtimes.runtime import Service
from flumelab.signs.snapshot import Kind

KINDS = {Kind.FLUME: ("flume",), Kind.PROGRAM: ("url-counts",)}
LOG = "2026-11-28T14:03:21.123456789Z 14:03:21.123 WARN  A: one\nno time\n"


class Here:
    """Runs a container's command on this host."""

    def output(self, *arguments: str) -> str:
        assert arguments[0] == "logs"
        return LOG

    def output_in(self, _service: str, command: Sequence[str]) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def evidence(state: str = "running") -> DockerEvidence:
    services = [Service("flume", state), Service("url-counts", "stopped"), Service("db", "running")]
    return DockerEvidence(cast(Any, Here()), services, KINDS, 1)


def test_a_folder_is_listed_with_the_start_of_its_position_file(tmp_path: Path) -> None:
    (tmp_path / ".flumespool").mkdir()
    (tmp_path / ".flumespool/.flumespool-main.meta").write_bytes(b"Obj\x01\0\xff")
    (tmp_path / "a name.log").write_text("one\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.log").touch()
    files = {file.name: file for file in evidence().folder(str(tmp_path)).files}
    assert {name: file.size for name, file in files.items()} == {
        ".flumespool/.flumespool-main.meta": 6,
        "a name.log": 4,
        "sub/b.log": 0,
    }
    assert files[".flumespool/.flumespool-main.meta"].head == b"Obj\x01\0\xff"
    assert abs(files["a name.log"].changed - time.time()) < 60


def test_a_folder_without_position_files_is_listed(tmp_path: Path) -> None:
    assert evidence().folder(str(tmp_path)).files == ()


def test_the_conf_is_the_one_that_the_container_was_started_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "a.conf"
    conf.write_text("lab.sources = r1\n")
    monkeypatch.setenv("FLUME_CONF", str(conf))
    monkeypatch.setenv("FLUME_AGENT", "lab")
    found = evidence().conf()
    assert found
    assert (found.text, found.agent) == ("lab.sources = r1\n", "lab")
    assert evidence("stopped").conf() is None
    assert evidence("stopped").moved() == {}


def test_parts_have_kinds_and_logs_have_the_engines_times() -> None:
    assert [(part.name, part.kind, part.state) for part in evidence().parts()] == [
        ("flume", Kind.FLUME, "running"),
        ("url-counts", Kind.PROGRAM, "stopped"),
        ("db", Kind.OTHER, "running"),
    ]
    first, second = evidence().log("flume")
    assert (first.at, first.text) == (1795874601.123456, "14:03:21.123 WARN  A: one")
    assert (second.at, second.text) == (None, "no time")
    assert evidence().log("db") == []
