"""The watch: keys, saving, and the way from one exercise to the next; without Flume and Spark."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from flumelab.learn import read
from flumelab.learn.session import Session
from flumelab.learn.verdict import Result, Verdict
from flumelab.learn.watching import Watching

ROOT = Path(__file__).parents[4]


class Judge:
    """Says right to a file with the word right in it, and could not check to an empty one."""

    def __init__(self, root):
        self.root, self.folder, self.checked_names = root, root / "learn", []

    @contextmanager
    def checked(self, exercise, file, seed=None):
        self.checked_names.append(exercise.name)
        text = file.read_text()
        result = Result.RIGHT if "right" in text else Result.WRONG
        yield Verdict(exercise.name, result if text else Result.UNKNOWN, message="why")


@pytest.fixture
def judge(tmp_path):
    for part in ("exercises", "solutions"):
        for name in ("01-first-conf", "02-map-and-reduce"):
            shutil.copytree(ROOT / part / name, tmp_path / part / name)
    for made in tmp_path.glob("exercises/*/*"):
        if made.suffix in (".py", ".conf"):
            made.unlink()
    return Judge(tmp_path)


@pytest.fixture
def session(judge):
    return Session(judge, read.all_of(judge.root))


@pytest.fixture
def shown():
    return []


@pytest.fixture
def watching(session, shown):
    made = Watching(session, lambda lines: shown.extend(str(line) for line in lines))
    made.begin()
    return made


def test_nothing_is_checked_before_a_file_is_saved(watching, judge, shown):
    assert not watching.look()
    assert judge.checked_names == []
    assert "Edit:  exercises/01-first-conf/first.conf" in shown


def test_each_save_is_checked_once(watching, judge):
    watching.exercise.file.write_text("something")
    assert watching.look()
    assert not watching.look()
    assert judge.checked_names == ["first-conf"]


def test_a_right_answer_is_kept_and_n_goes_on(watching, session, shown):
    watching.exercise.file.write_text("right")
    watching.look()
    assert session.progress().done == ("first-conf",)
    assert shown[-1] == "n goes to the next one."
    watching.key("n")
    assert watching.exercise.name == "map-and-reduce"
    assert session.progress().now == "map-and-reduce"


def test_what_could_not_be_checked_changes_no_progress(watching, session):
    watching.exercise.file.write_text("right")
    watching.look()
    watching.exercise.file.write_text("")
    watching.look()
    assert session.progress().done == ("first-conf",)
    watching.exercise.file.write_text("no")
    watching.look()
    assert session.progress().done == ()


def test_a_file_that_is_missing_for_a_moment_is_not_checked(watching, judge):
    watching.exercise.file.unlink()
    assert not watching.look()
    assert judge.checked_names == []


def test_hints_come_one_by_one_and_the_last_one_stays(watching, shown):
    hints = watching.exercise.hints
    for _ in range(len(hints) + 1):
        watching.key("h")
    told = [line for line in shown if line.startswith("Hint")]
    assert told[0].startswith(f"Hint 1 of {len(hints)}")
    assert told[-1].startswith(f"Hint {len(hints)} of {len(hints)}")


def test_after_the_last_one_all_are_checked_once_more(watching, session, judge, shown):
    first, second = session.exercises
    first.file.write_text("right")
    watching.look()
    watching.key("n")
    first.file.write_text("broken since")
    second.file.write_text("right")
    judge.checked_names.clear()
    watching.look()
    assert judge.checked_names == ["map-and-reduce", "first-conf", "map-and-reduce"]
    assert watching.exercise.name == "first-conf"
    assert session.progress().done == ("map-and-reduce",)
    first.file.write_text("right")
    watching.look()
    assert watching.exercise is None
    assert "All exercises are done." in shown


def test_the_keys(watching, judge, shown):
    assert watching.key("r") and judge.checked_names == ["first-conf"]
    assert watching.key("l") and any("map, filter, reduceByKey" in line for line in shown)
    assert watching.key("c") and judge.checked_names[1:] == ["first-conf", "map-and-reduce"]
    assert watching.key("?")
    assert not watching.key("q")


def test_no_line_is_wider_than_80_columns(watching, shown):
    for key in "hlrc":
        watching.key(key)
    assert max(len(line) for text in shown for line in text.splitlines()) <= 80
