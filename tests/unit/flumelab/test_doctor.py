"""The doctor: what is missing, and the command that installs it."""

import os
import socket
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from flumelab import doctor, settings
from flumelab.doctor import Check


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.fixture
def lab(tmp_path: Path) -> settings.Settings:
    return replace(settings.load(), root=tmp_path)


def test_missing_programs_are_named_with_the_command_that_installs_them(
    lab: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    local = by_name(doctor.examine("local", lab, ports=False))
    assert not local["Java"].ok
    assert "openjdk" in local["Java"].remedy
    assert not local["Maven"].ok
    docker = by_name(doctor.examine("docker", lab, ports=False))
    assert not docker["Docker engine"].ok
    assert "--runtime local" in docker["Docker engine"].remedy


def test_an_old_java_is_not_enough(
    lab: settings.Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    java = tmp_path / "bin/java"
    java.parent.mkdir()
    java.write_text("""#!/bin/sh\necho 'openjdk version "11.0.2" 2019-01-15' >&2\n""")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert not by_name(doctor.examine("local", lab, ports=False))["Java"].ok


def test_maven_is_not_needed_once_the_jars_are_built(
    lab: settings.Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "runtimes/flume/target/flume/lib").mkdir(parents=True)
    monkeypatch.setenv("PATH", "/nowhere")
    assert by_name(doctor.examine("local", lab, ports=False))["Maven"].ok


def test_a_state_folder_below_a_file_is_named(lab: settings.Settings, tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.touch()
    checks = by_name(doctor.examine("local", replace(lab, state=file / "lab"), ports=False))
    assert checks["state folder"].found == f"{file} cannot be written"
    assert "LAB_STATE" in checks["state folder"].remedy
    assert "disk" not in checks


def test_below_a_folder_that_may_not_be_searched_the_doctor_still_answers(
    lab: settings.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, stat = tmp_path / "closed/lab", os.stat

    def refuse(path: object, **options: object) -> os.stat_result:
        if path == state:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(os, "stat", refuse)
    assert "disk" in by_name(doctor.examine("local", replace(lab, state=state), ports=False))


def test_a_port_in_use_is_named_with_the_variable_that_moves_it(lab: settings.Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        checks = by_name(doctor.examine("local", replace(lab, metrics_port=port), ports=True))
    assert not checks[f"port {port}"].ok
    assert "LAB_METRICS_PORT" in checks[f"port {port}"].remedy


def test_ports_are_not_checked_while_the_lab_holds_them(lab: settings.Settings) -> None:
    assert not [c for c in doctor.examine("local", lab, ports=False) if "port" in c.name]


def test_a_preset_needs_less_memory(
    lab: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = replace_available(2 * doctor.GIB)
    monkeypatch.setattr(doctor.psutil, "virtual_memory", lambda: free)
    lab = replace(lab, root=settings.load().root)
    assert not by_name(doctor.examine("local", lab, ports=False))["memory"].ok
    monkeypatch.setenv("LAB_PRESET", "small")
    memory = by_name(doctor.examine("local", lab, ports=False))["memory"]
    assert memory.ok
    assert memory.found == "2.0 GiB free, 1.46 GiB needed"


def replace_available(available: int) -> SimpleNamespace:
    """What psutil would say of a machine."""
    return SimpleNamespace(available=available)
