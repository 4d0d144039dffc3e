"""A message names commands and files as they are typed where it is read."""

import sys
from pathlib import Path

import pytest
import typer.main

from flumelab import as_typed, lab_files
from flumelab.cli import cli

SAYS = "another flumelab is up; flumelab down, or flumelint explain not-connected"


def test_a_checkout_has_the_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(as_typed.VARIABLE, raising=False)
    assert as_typed.text(SAYS) == SAYS
    assert as_typed.flumelab() == ".venv/bin/flumelab"


@pytest.mark.parametrize(
    ("command", "lint"), [("./start", "./start flumelint"), ("bin/flumelab", "bin/flumelint")]
)
def test_an_archive_and_a_class_have_other_names(
    monkeypatch: pytest.MonkeyPatch, command: str, lint: str
) -> None:
    monkeypatch.setenv(as_typed.VARIABLE, command)
    told = f"another flumelab is up; {command} down, or {lint} explain not-connected"
    assert as_typed.text(SAYS) == told
    assert as_typed.text(told) == told
    assert as_typed.flumelab() == command


def test_a_command_that_is_not_on_the_path_is_named_as_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(as_typed.VARIABLE, raising=False)
    monkeypatch.setattr(lab_files, "is_installed", lambda: True)
    script = tmp_path / "bin/flumelab"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script), "down"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert as_typed.flumelab() == str(script)
    monkeypatch.setenv("PATH", str(script.parent))
    assert as_typed.flumelab() == "flumelab"
    monkeypatch.setattr(sys, "argv", ["-m"])
    assert as_typed.flumelab() == "flumelab"


def test_every_command_is_known_by_its_name() -> None:
    group = typer.main.get_group(cli)
    assert set(as_typed.WORDS) == set(group.list_commands(typer.Context(group)))


def test_a_path_begins_here_if_the_checkout_is_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "offline" / "lab"
    file = root / "exercises" / "a.conf"
    file.parent.mkdir(parents=True)
    monkeypatch.chdir(root.parent)
    assert as_typed.path(file, root) == "lab/exercises/a.conf"
    for here in (root, file.parent, tmp_path / "elsewhere"):
        here.mkdir(exist_ok=True)
        monkeypatch.chdir(here)
        assert as_typed.path(file, root) == "exercises/a.conf"
