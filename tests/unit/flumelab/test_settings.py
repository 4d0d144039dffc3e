"""Ports and folders from the environment."""

import re
from pathlib import Path

import pytest

from flumelab import settings
from flumelab.errors import LabError
from flumelab.lessons import catalogue
from flumelab.runtimes.build_stamp import BuildStamp
from flumelab.runtimes.submit import checkpoint_of

ROOT = Path(__file__).parents[3]


def test_every_port_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = dict(zip(settings.PORTS, range(5141, 5241), strict=False))
    for name, number in wanted.items():
        monkeypatch.setenv(settings.PORTS[name].variable, str(number))
    lab = settings.load()
    assert {name: lab.port(name).number for name in wanted} == wanted
    assert lab.receiver_port == wanted["receiver_port"]
    assert {port.number for name in ("docker", "local") for port in lab.ports(name)} == {
        *wanted.values()
    }


def test_the_page_has_every_port_with_its_default_and_what_it_serves() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    table = re.findall(r"^\| `(LAB_\w+_PORT)` \| (\d+) \| (.+) \|$", page, re.MULTILINE)
    declared = settings.PORTS.values()
    assert table == [(port.variable, str(port.number), port.serves) for port in declared]
    always = [port.always for port in declared]
    assert always == sorted(always, reverse=True)  # as the page says


def test_every_variable_that_the_page_names_is_read_somewhere() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    sources = [*ROOT.glob("compose*.yaml"), ROOT / "Makefile", *(ROOT / "src").rglob("*.py")]
    read = "".join(path.read_text() for path in sources)
    named = set(re.findall(r"`((?:LAB|COMPOSE)_\w+)`", page))
    assert len(named) > len(settings.PORTS)
    assert [name for name in named if name not in read] == []


def test_compose_publishes_the_same_default_ports() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    found = set(re.findall(r"\$\{(LAB_\w+_PORT):-(\d+)\}", compose))
    declared = [port for port in settings.PORTS.values() if "docker" in port.runtimes]
    assert found == {(port.variable, str(port.number)) for port in declared}


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "4 141"])
def test_an_invalid_port_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("LAB_UI_PORT", text)
    with pytest.raises(LabError, match=f"LAB_UI_PORT={text} is not a port; set it to"):
        settings.load()


def test_an_unknown_lesson_is_answered_with_the_names_that_there_are() -> None:
    with pytest.raises(LabError, match="no lesson named nonsense; choose one of url-counts"):
        catalogue.find("nonsense")


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

    def stamp() -> BuildStamp:
        return BuildStamp(tmp_path / "state/built", tmp_path, ["src", "missing"])

    assert not stamp().is_current()
    stamp().write()
    assert stamp().is_current()
    (source / "target").mkdir()
    (source / "target/a.class").write_text("made from the sources, not one of them")
    assert stamp().is_current()
    (source / "a.py").rename(source / "b.py")
    assert not stamp().is_current()
