"""Ports and places from the environment."""

from pathlib import Path

import pytest

from flumelab import settings
from flumelab.errors import LabError
from flumelab.lessons import catalogue as apps
from flumelab.runtimes.build_stamp import Stamp
from flumelab.runtimes.submit import checkpoint_of


def test_every_port_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_RECEIVER_PORT", "5141")
    monkeypatch.setenv("LAB_METRICS_PORT", "5142")
    monkeypatch.setenv("LAB_UI_PORT", "5143")
    monkeypatch.setenv("LAB_MASTER_PORT", "5144")
    monkeypatch.setenv("LAB_SECOND_PORT", "5145")
    lab = settings.load()
    assert (lab.receiver_port, lab.metrics_port, lab.ui_port, lab.master_port) == (
        *(5141, 5142),
        *(5143, 5144),
    )
    assert lab.second_port == 5145


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "4 141"])
def test_what_is_not_a_port_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LAB_UI_PORT", text)
    with pytest.raises(LabError, match=f"LAB_UI_PORT={text} is not a port; set it to"):
        settings.load()


def test_an_unknown_app_is_answered_with_those_there_are() -> None:
    with pytest.raises(LabError, match="no app named nonsense; there is url-counts"):
        apps.find("nonsense")


def test_a_changed_program_or_address_gets_a_checkpoint_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text("one")
    monkeypatch.setenv("RECEIVER_PORT", "1")
    first = checkpoint_of(program, tmp_path)
    assert checkpoint_of(program, tmp_path) == first
    monkeypatch.setenv("RECEIVER_PORT", "2")
    second = checkpoint_of(program, tmp_path)
    program.write_text("two")
    assert len({first, second, checkpoint_of(program, tmp_path)}) == 3


def test_a_build_is_current_until_a_source_changes(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "a.py").write_text("1")

    def stamp() -> Stamp:
        return Stamp(tmp_path / "state/built", tmp_path, ["src", "missing"])

    assert not stamp().is_current()
    stamp().set()
    assert stamp().is_current()
    (source / "target").mkdir()
    (source / "target/a.class").write_text("made from the sources, not one of them")
    assert stamp().is_current()
    (source / "a.py").rename(source / "b.py")
    assert not stamp().is_current()
