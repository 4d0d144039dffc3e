"""Every command of the README is run, as it stands there."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import ROOT, LocalLab

OWN = ROOT / "tests/data/own"
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]

LAB_FILES = "LAB_PROGRAM_FILE=my_program.py LAB_CONF_FILE=my.conf LAB_INPUT=access.log"
# Run elsewhere, since they are the tests themselves or need an engine.
ELSEWHERE = {
    "make test": "what runs this test",
    "docker compose up --build": "tests/docker/test_lab.py",
    f"{LAB_FILES} docker compose -f compose.own.yaml run --rm own": "tests/docker/test_own.py",
    ".venv/bin/flumelab up my_program.py --conf my.conf": "tests/integration/test_up_own_files.py",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory):
    lab = LocalLab(tmp_path_factory.mktemp("readme"), RUNTIME="local")
    yield lab
    lab.end()


@pytest.fixture(scope="module")
def own_files() -> Iterator[None]:
    """The files that the README names, where its reader would have them."""
    made = {
        ROOT / "my_program.py": OWN / "url_window.py",
        ROOT / "my.conf": OWN / "spool.conf",
        ROOT / "access.log": OWN.parent / "access_excerpt.log",
    }
    for file, like in made.items():
        file.write_bytes(like.read_bytes())
    yield
    for file in made:
        file.unlink()


@pytest.mark.usefixtures("own_files")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_works(lab: LocalLab, command: str) -> None:
    if command in ELSEWHERE:
        pytest.skip(f"run by {ELSEWHERE[command]}")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=lab.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if command == "make lab":
        expected = re.search(r"^```\n(URL .*?)^```", README, re.MULTILINE | re.DOTALL)
        assert expected
        shown = [line.split() for line in done.stdout.splitlines()]
        for line in expected[1].splitlines():
            assert line == "…" or line.split() in shown, f"{line!r} is not in {done.stdout}"


def test_the_height_of_a_terminal_is_no_number_of_lines_to_feed() -> None:
    def command(*arguments: str) -> str:
        environment = os.environ | {"LINES": "24"}
        make = ["make", "--dry-run", "lab", *arguments]
        return subprocess.run(
            make, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert "--lines 10000" in command()
    assert "--lines 7" in command("LINES=7")


def test_the_readme_is_one_page() -> None:
    assert len(README.splitlines()) <= 120


def test_every_folder_and_target_that_the_readme_names_is_there() -> None:
    named = re.findall(r"`([\w./-]+/)`", README) + re.findall(r"\]\(([\w./-]+)\)", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
    makefile = Path(ROOT / "Makefile").read_text()
    targets = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", README, re.MULTILINE)
    for target in re.findall(r"`([a-z-]+)`", " ".join(targets)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_variable_that_the_readme_names_is_read_somewhere() -> None:
    read = "".join(
        path.read_text()
        for path in [*ROOT.glob("compose*.yaml"), ROOT / "Makefile", *(ROOT / "src").rglob("*.py")]
    )
    for name in re.findall(r"`((?:LAB|COMPOSE)_\w+)`", README):
        assert name in read, name
    assert os.access(ROOT / ".ci/run", os.X_OK)
