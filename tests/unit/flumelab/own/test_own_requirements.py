"""The packages of a requirements file, with wheels beside it."""

import zipfile
from pathlib import Path

import pytest

from flumelab.errors import LabError
from flumelab.own import docker, requirements
from flumelab.own.services import Wish


def wheel(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", "")
        info = f"{name}-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def test_wheels_beside_the_file_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = tmp_path / "course"
    wheel(course, "one")
    wheel(course / "wheels", "two")
    (course / "more.txt").write_text("./wheels/two-1.0-py3-none-any.whl\n")
    (course / "needs.txt").write_text("./one-1.0-py3-none-any.whl\n-r more.txt\n")
    monkeypatch.chdir(tmp_path)
    requirements.install(Path("course/needs.txt"), Path("packages"))
    assert {file.name for file in Path("packages").glob("*.py")} == {"one.py", "two.py"}


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
