"""A user's own files in Docker: by mounts and variables, and by `flumelab`."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.docker_lab import ROOT, flumelab

OWN = ROOT / "tests/data/own"
LOG = ROOT / "tests/data/access_excerpt.log"
SECONDS_MAX = 900


@pytest.fixture(scope="module", autouse=True)
def nothing_left(images: None) -> Iterator[None]:
    """`docker compose run` makes the network and the volumes of all services, and leaves them."""
    yield
    down = ["docker", "compose", "--profile", "*", "down", "--volumes"]
    subprocess.run(down, cwd=ROOT, capture_output=True, timeout=SECONDS_MAX, check=True)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, like in {
        "my_program.py": OWN / "url_window.py",
        "my.conf": OWN / "spool.conf",
        "access.log": LOG,
    }.items():
        (tmp_path / name).write_bytes(like.read_bytes())
    tmp_path.chmod(0o755)
    return tmp_path


def test_variables_and_a_mount_run_the_files_of_a_course(images: None, files: Path) -> None:
    variables = {
        "LAB_FILES": str(files),
        "LAB_PROGRAM_FILE": "my_program.py",
        "LAB_CONF_FILE": "my.conf",
        "LAB_INPUT": "access.log",
        "LAB_COUNT": r'"[A-Z]+ (\S+)',
    }
    done = subprocess.run(
        ["docker", "compose", "run", "--rm", "-T", "--build", "own"],
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
    assert "/home/maria_dev/spool does not exist" in done.stderr


def test_flumelab_mounts_the_files_wherever_they_are(images: None, files: Path) -> None:
    given = ["--conf", str(files / "my.conf"), "--input", str(files / "access.log"), "--json"]
    done = flumelab("run", *given, str(files / "my_program.py"), seconds=SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    lines = LOG.read_bytes().count(b"\n")
    assert {hop["lines"] for hop in result["hops"]} == {lines}
    assert result["agree"]
