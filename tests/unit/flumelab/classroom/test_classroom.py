"""A class: each learner's place is apart from the others', and the page trusts none of them."""

import asyncio
import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from flumelab import settings
from flumelab.classroom import places, progress_seen, roll
from flumelab.classroom.page import application
from flumelab.classroom.roll import Roll
from flumelab.errors import LabError
from flumelab.learn import progress, read, turns
from flumelab.learn.exercise import Kind

ROOT = Path(__file__).parents[4]
EXERCISES = read.all_of(ROOT)
NAMES = [each.name for each in EXERCISES]


@pytest.fixture
def class_of_two(tmp_path: Path) -> Roll:
    of = roll.new(
        tmp_path / "class", learners=2, first_port=20_000, preset="small", checks=1, accounts=False
    )
    for learner in of.all():
        places.make(of, learner, ROOT, EXERCISES)
    turns.make(of.folder / "turns", of.checks)
    roll.write(of)
    return of


def test_learners_share_no_port_no_folder_and_no_project() -> None:
    of = roll.new(Path("/class"), 30, 20_000, "small", 4, False)
    numbers = [port for learner in of.all() for port in of.ports(learner).values()]
    assert len(set(numbers)) == len(numbers) == 30 * len(settings.PORTS)
    assert max(numbers) <= roll.PORT_MAX
    for variable in ("LAB_STATE", "LAB_CHECKOUT", "COMPOSE_PROJECT_NAME"):
        assert len({of.variables(learner)[variable] for learner in of.all()}) == 30


def test_ports_that_linux_gives_away_are_refused() -> None:
    with pytest.raises(LabError, match="30 learners need the ports 32500 to 33099"):
        roll.new(Path("/class"), 30, 32_500, "small", 4, False)


def test_a_learners_folder_is_a_checkout_of_their_own(
    class_of_two: Roll, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = class_of_two.learner(2)
    for variable, value in class_of_two.variables(learner).items():
        monkeypatch.setenv(variable, value)
    lab = settings.load()
    assert (lab.root, lab.state) == (learner.folder, learner.folder / ".lab")
    assert lab.ui_port == 20_000 + roll.PORTS_EACH
    assert lab.driver_memory == "480m"
    found = read.all_of(lab.root)
    assert [each.name for each in found] == NAMES
    assert all(each.file.is_relative_to(learner.folder) for each in found)
    assert not any(each.file.exists() for each in found), "the teacher's answers are not handed out"


def test_the_teachers_answers_stay_with_the_teacher(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    for name in ("exercises", "spark-apps", "flume-conf", "spark-conf", "solutions"):
        shutil.copytree(ROOT / name, root / name)
    exercises = read.all_of(root)
    one, other = exercises[0], next(each for each in exercises if each.kind is Kind.FIND)
    for each in (one, other):
        each.file.write_text("the teacher's answer")
    of = roll.new(tmp_path / "class", 1, 20_000, "", 1, False)
    places.make(of, of.learner(1), root, exercises)
    for each in (one, other):
        assert not (of.learner(1).folder / each.file.relative_to(root)).exists()
        assert (of.learner(1).folder / each.starter.relative_to(root)).is_file()


def test_a_second_up_keeps_what_a_learner_has_written(class_of_two: Roll) -> None:
    learner = class_of_two.learner(1)
    file = learner.folder / EXERCISES[0].file.relative_to(ROOT)
    file.write_text("mine")
    places.make(class_of_two, learner, ROOT, EXERCISES)
    assert file.read_text() == "mine"


def test_the_page_shows_the_name_that_a_learner_chose_and_only_known_exercises(
    class_of_two: Roll,
) -> None:
    first = class_of_two.learner(1)
    known = progress.Progress(("windows", "first-conf", "hacked"), "hashtags", "Ada")
    progress.write(first.learn / "progress", known)
    seen, other = progress_seen.of_all(class_of_two, NAMES)
    assert (seen.name, seen.now) == ("Ada", "hashtags")
    assert seen.done == ("first-conf", "windows")
    assert seen.changed > 0
    assert (other.name, other.done, other.changed) == ("", (), 0.0)


def test_a_name_is_one_short_line() -> None:
    assert (
        progress.shown_name("  Ada\n\x1b[31m  Lovelace " + "x" * 99) == "Ada [31m Lovelace xxxxxx"
    )
    assert progress.parse("name A\u202eB").name == "A B", "no sign that turns the text around"


@pytest.mark.parametrize("trick", ["link", "pipe", "folder", "long"])
def test_a_progress_file_that_is_no_plain_file_neither_leaks_nor_hangs(
    class_of_two: Roll, tmp_path: Path, trick: str
) -> None:
    file = class_of_two.learner(1).learn / "progress"
    file.parent.mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_text("name root\ndone windows\n")
    match trick:
        case "link":
            file.symlink_to(secret)
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "long":
            file.write_text("#" * progress_seen.FILE_BYTES_MAX + "\nname root\ndone windows\n")
    seen = progress_seen.of(class_of_two.learner(1), NAMES)
    assert (seen.name, seen.done) == ("", ())


def test_checks_take_turns(tmp_path: Path) -> None:
    turns.make(tmp_path, 2)
    assert turns.taken(tmp_path) == 0
    waited, entered = threading.Event(), threading.Event()

    def third() -> None:
        with turns.turn(tmp_path, waited.set):
            entered.set()

    with turns.turn(tmp_path, pytest.fail):
        with turns.turn(tmp_path, pytest.fail):
            assert turns.taken(tmp_path) == 2
            thread = threading.Thread(target=third)
            thread.start()
            assert waited.wait(10)
            assert not entered.is_set()
        assert entered.wait(10), "the turn that ended is free"
    thread.join(10)
    turns.make(tmp_path, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["turn-1"]


def test_without_a_class_nothing_waits() -> None:
    with turns.turn(None, pytest.fail):
        pass


async def _ask(app: Starlette, path: str, host: str, method: str = "GET") -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [(b"host", host.encode())], "http_version": "1.1",
        "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent)


def test_the_page_has_neither_folders_nor_ports_nor_accounts(class_of_two: Roll) -> None:
    app = application(class_of_two, EXERCISES)
    status, body = asyncio.run(_ask(app, "/api/v1/class", "localhost:4149"))
    state = json.loads(body)
    assert status == 200
    assert [each["number"] for each in state["learners"]] == [1, 2]
    assert set(state["learners"][0]) == {"number", "name", "done", "now", "changed"}
    assert str(class_of_two.folder) not in body.decode()
    assert state["checks"] == {"running": 0, "at_once": 1}


@pytest.mark.parametrize(
    ("path", "host", "method", "status"),
    [
        ("/", "localhost", "GET", 200),
        ("/class.js", "127.0.0.1:4149", "GET", 200),
        ("/", "school.example", "GET", 421),  # a foreign page's name for this address
        ("/api/v1/class", "localhost", "POST", 405),
        ("/../../etc/passwd", "localhost", "GET", 404),
    ],
)
def test_the_page_only_shows_and_only_here(
    class_of_two: Roll, path: str, host: str, method: str, status: int
) -> None:
    app = application(class_of_two, EXERCISES)
    assert asyncio.run(_ask(app, path, host, method))[0] == status


def test_a_preset_sets_what_the_environment_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = settings.load()
    monkeypatch.setenv("LAB_PRESET", "small")
    small = settings.load()
    assert (small.driver_memory, small.flume_memory, small.cores) == ("480m", "96m", 2)
    assert replace(
        small, driver_memory=plain.driver_memory, flume_memory=plain.flume_memory, cores=0
    ) == replace(plain, cores=0)
    monkeypatch.setenv("LAB_DRIVER_MEMORY", "2g")
    assert settings.load().driver_memory == "2g"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("LAB_PRESET", "tiny", "LAB_PRESET=tiny is not a preset; set it to one of: small"),
        ("LAB_DRIVER_MEMORY", "much", "LAB_DRIVER_MEMORY=much is not a size of memory"),
        ("LAB_CORES", "-1", "LAB_CORES=-1 is not a number of cores"),
    ],
)
def test_a_wrong_value_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(LabError, match=says):
        settings.load()
