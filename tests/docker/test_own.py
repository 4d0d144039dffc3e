"""A user's own files in Docker: by mounts and variables, and by `flumelab`."""

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.support import docker_lab
from tests.support.at_once import at_once
from tests.support.docker_lab import ROOT
from tests.support.own_files import INTERCEPTOR, interceptor_jar
from tests.support.ports import free_ports

OWN = ROOT / "tests/data/own"
LOG = ROOT / "tests/data/access_excerpt.log"
SECONDS_MAX = 900


COMPOSE = ["docker", "compose", "-f", "compose.own.yaml"]


@pytest.fixture(scope="module", autouse=True)
def own_image(images: None) -> Iterator[None]:
    """The image of compose.own.yaml, built without a word, and a project of its own for it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LAB_IMAGES", os.environ["COMPOSE_PROJECT_NAME"])
        environment.setenv("COMPOSE_PROJECT_NAME", f"{os.environ['COMPOSE_PROJECT_NAME']}-own")
        build = [*COMPOSE, "build", "--quiet", "own"]
        subprocess.run(build, cwd=ROOT, capture_output=True, timeout=SECONDS_MAX, check=True)
        yield


def course_files(folder: Path) -> Path:
    """A program of small batches, its conf and a log, in a folder that the container can read."""
    for name, like in {
        "my_program.py": OWN / "headers.py",
        "my.conf": OWN / "spool.conf",
        "access.log": LOG,
    }.items():
        (folder / name).write_bytes(like.read_bytes())
    folder.chmod(0o755)
    return folder


def own_project(files: Path, name: str) -> dict[str, str]:
    """A state folder, and a project: `flumelab down` ends all containers of its own."""
    project = f"{os.environ['COMPOSE_PROJECT_NAME']}-{name}"
    return {"LAB_STATE": str(files / "state"), "COMPOSE_PROJECT_NAME": project}


def test_variables_and_a_mount_run_the_files_of_a_course(tmp_path: Path) -> None:
    files = course_files(tmp_path)
    (files / "my_program.py").write_bytes((OWN / "url_window.py").read_bytes())
    variables = {
        "LAB_FILES": str(files),
        "LAB_PROGRAM_FILE": "my_program.py",
        "LAB_CONF_FILE": "my.conf",
        "LAB_INPUT": "access.log",
        "LAB_COUNT": r'"[A-Z]+ (\S+)',
        "LAB_REQUIREMENTS": "requirements.txt",
        "LAB_FLUME_JARS": "jars/drops.jar",
    }
    _use_a_package_and_a_jar(files)
    before = _volumes_and_networks()
    done = subprocess.run(
        [*COMPOSE, "run", "--rm", "-T", "own"],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no truth known: hops agree" in done.stdout
    assert "RIGHT: all " in done.stdout
    told = done.stderr.splitlines()
    assert any("/home/maria_dev/spool does not exist" in line for line in told)
    assert [line for line in told if not line.startswith("flumelab: ")] == []  # no build's noise
    assert _volumes_and_networks() == before


def _use_a_package_and_a_jar(files: Path) -> None:
    """Let the program import a package that the image lacks, and the conf name a class of a jar."""
    with zipfile.ZipFile(files / "mine-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("mine.py", "")
        info = "mine-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (files / "requirements.txt").write_text("./mine-1.0-py3-none-any.whl\n")
    program = files / "my_program.py"
    program.write_text("import mine\n" + program.read_text())
    _use_a_jar(files)


def _use_a_jar(files: Path) -> None:
    interceptor_jar(files / "jars")
    conf = files / "my.conf"
    conf.write_text(conf.read_text() + INTERCEPTOR)


def _volumes_and_networks() -> list[str]:
    commands = (["docker", "volume", "ls", "-q"], ["docker", "network", "ls", "-q"])
    listed = (subprocess.run(c, capture_output=True, text=True, check=True) for c in commands)
    return [done.stdout for done in listed]


@at_once
def test_a_lab_of_own_files_stays_and_is_fed_through_a_folder_of_the_host(folder: Path) -> None:
    files = course_files(folder)
    names = ("LAB_UI_PORT", "LAB_METRICS_PORT", "LAB_PAGE_PORT")
    ports = dict(zip(names, map(str, free_ports(3)), strict=True))
    flumelab = partial(docker_lab.flumelab, **own_project(files, "stays"), **ports)
    up = flumelab("up", "--conf", str(files / "my.conf"), str(files / "my_program.py"))
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        spool = files / "state/own/files/home/maria_dev/spool"
        (files / "access.log").rename(spool / "access.log")
        fed = flumelab("feed", "--replay", str(LOG))
        assert fed.returncode == 0, fed.stderr
        for options in (["--lines", "30"], ["--replay", str(LOG), "--lines", "20", "--rate", "50"]):
            fed = flumelab("feed", *options)
            assert fed.returncode == 0, fed.stderr
        done = flumelab("ledger", "--json", "--wait", "60")
        result = json.loads(done.stdout)
        lines = 2 * LOG.read_bytes().count(b"\n") + 30 + 20
        assert {hop["lines"] for hop in result["hops"]} == {lines}
        doctor = flumelab("doctor", "--json")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
        assert json.loads(doctor.stdout)["signs"] == []
        state = json.loads(flumelab("status", "--json").stdout)
        for service in state["services"]:
            assert requests.get(service["address"], timeout=30).ok, service
        page = f"http://127.0.0.1:{ports['LAB_PAGE_PORT']}/api/v1/state"
        shown = requests.get(page, timeout=30).json()
        assert shown["ledger"]["says"] == "no truth known: hops agree"
        assert {hop["lines"] for hop in shown["ledger"]["hops"]} == {
            hop["lines"] for hop in result["hops"]
        }
        (files / "packed.log.gz").write_text("not packed\n")
        (files / "packed.log.gz").rename(spool / "packed.log.gz")
        doctor = flumelab("doctor", "--json")
        assert doctor.returncode == 1
        assert [s["sign"] for s in json.loads(doctor.stdout)["signs"]] == ["compressed-read"]
        flumelab("ledger", "--wait", "60")
    finally:
        down = flumelab("down")
    assert "no truth known: hops agree" in down.stdout, down.stdout + down.stderr
    assert flumelab("status").returncode == 1


@at_once
def test_flumelab_mounts_the_files_wherever_they_are_and_shows_signs(folder: Path) -> None:
    files = course_files(folder)
    _use_a_package_and_a_jar(files)
    (files / "access.log").write_text("DROP\n" * 100)
    given = [
        "--requirements",
        str(files / "requirements.txt"),
        "--conf",
        str(files / "my.conf"),
        "--input",
        str(files / "access.log"),
        "--json",
    ]
    given += ["--flume-jar", str(files / "jars")]
    run = ["run", *given, str(files / "my_program.py")]
    done = docker_lab.flumelab(*run, seconds=SECONDS_MAX, **own_project(files, "runs"))
    assert done.returncode == 1, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert [hop["lines"] for hop in result["hops"]] == [100, 100, 0, 0, 0, 0]
    assert result["differs_at"] == "channel c1"
    assert result["program"] == str(files / "my_program.py")  # as the host knows it
    assert (files / "state/own-docker/logs/flume.log").is_file()
    (sign,) = result["signs"]
    assert sign["sign"] == "all-dropped"
    assert "interceptor i1 drops all" in sign["fact"]
