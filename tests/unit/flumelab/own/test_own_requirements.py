"""The packages of a requirements file, with wheels beside it."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from flumelab.errors import LabError
from flumelab.own import docker, requirements
from flumelab.own.services import Wish


def test_pip_runs_beside_the_file_so_that_it_finds_wheels_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Mock()
    monkeypatch.setattr(requirements.commands, "run", run)
    monkeypatch.chdir(tmp_path)
    requirements.install(Path("course/needs.txt"), Path("packages"))
    (command, folder) = run.call_args.args
    assert folder == tmp_path / "course"
    assert command[-2:] == ["-r", str(tmp_path / "course/needs.txt")]
    assert command[command.index("--target") + 1] == str(tmp_path / "packages")


def test_a_container_sees_the_whole_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "needs.txt").write_text("./one-1.0-py3-none-any.whl\n")
    mounts, arguments = docker.inside(Wish(Path("p.py"), requirements=tmp_path / "needs.txt"))
    assert f"{tmp_path}:/requirements:ro" in mounts
    assert arguments[:2] == ["--requirements", "/requirements/needs.txt"]


@pytest.mark.parametrize("form", ["{}", "one @ file://{}", "-r {}", "--find-links={}", "../{name}"])
def test_a_path_that_a_container_cannot_see_is_one_line(tmp_path: Path, form: str) -> None:
    outside = tmp_path / "outside.whl"
    outside.touch()
    file = tmp_path / "course/needs.txt"
    file.parent.mkdir()
    file.write_text(f"numpy\n{form.format(outside, name=outside.name)} ; python_version > '3'\n")
    with pytest.raises(LabError, match=r"needs\.txt, line 2: .* is outside of the folder of needs"):
        docker.inside(Wish(Path("p.py"), requirements=file))
    file.write_text("numpy\n./here.whl\n-r more.txt\n--index-url https://example.org/simple\n")
    docker.inside(Wish(Path("p.py"), requirements=file))
