"""exercise.toml: what is read, and what is refused."""

import re
import shutil
from pathlib import Path

import pytest

from flumelab.errors import LabError
from flumelab.learn import read, verify
from flumelab.learn.checking import Given
from flumelab.learn.exercise import Kind, Load
from flumelab.learn.verdict import Result

ROOT = Path(__file__).parents[4]
FOLDER = "exercises/02-map-and-reduce"


@pytest.fixture
def root(tmp_path):
    for part in (FOLDER, FOLDER.replace("exercises", "solutions")):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def change(root, old, new):
    file = root / FOLDER / "exercise.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_each_exercise_of_the_checkout_is_read():
    exercises = read.all_of(ROOT)
    assert [each.name for each in exercises][:2] == ["first-conf", "map-and-reduce"]
    assert len({each.name for each in exercises}) == len(exercises)


EXERCISES = [each for each in read.all_of(ROOT) if each.kind is not Kind.FIND]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_an_exercise_has_all_that_a_learner_needs(exercise):
    page = (exercise.folder / "README.md").read_text()
    for heading in ("**Aim:**", "## What to know", "## Task", "## What you will see"):
        assert heading in page
    assert len(exercise.wrong) >= 2
    assert exercise.starter.read_bytes() != exercise.solution.read_bytes()
    planted = {each.file for each in exercise.wrong}
    assert planted == set((exercise.folder / "wrong").iterdir()), "each file is in exercise.toml"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_text_of_an_exercise_names_how_many_lines_are_sent(exercise):
    low, high = exercise.load.lines
    texts = [exercise.folder / "README.md", exercise.starter]
    numbers = {
        int(n.replace(",", "")) for f in texts for n in re.findall(r"\d[\d,]*", f.read_text())
    }
    assert not {number for number in numbers if low <= number <= high} - {2026}


def test_lines_are_drawn_by_the_seed_in_whole_batches():
    load = Load("access-log", (600, 2400), batch=100)
    drawn = {Given.drawn(load, seed).lines for seed in range(200)}
    assert len(drawn) > 10
    assert all(600 <= lines <= 2400 and lines % 100 == 0 for lines in drawn)
    assert Given.drawn(load, 7) == Given.drawn(load, 7)


def test_verify_wants_every_file_of_an_exercise():
    [exercise] = [each for each in read.all_of(ROOT) if each.name == "first-conf"]
    claims = verify.claims(exercise)
    assert claims[0] == (exercise.starter, Result.WRONG, "into-the-log")
    assert claims[-1] == (exercise.solution, Result.RIGHT, "")
    assert len(claims) == 2 + len(exercise.wrong)


def test_an_exercise_is_found_by_name_and_number():
    exercises = read.all_of(ROOT)
    for name in ("map-and-reduce", "02", "2", "02-map-and-reduce", "exercises/02-map-and-reduce/"):
        assert read.find(exercises, name).name == "map-and-reduce"
    with pytest.raises(LabError, match="no exercise named nothing; flumelab learn list"):
        read.find(exercises, "nothing")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "map', 'titel = "map', r"\[top\] has no titel"),
        ('kind = "program"', 'kind = "pogram"', "not a valid Kind"),
        ('lesson = "url-counts"', 'lesson = "url"', "no lesson named url"),
        ("lines = [1200, 2400]", "lines = [2400, 2400]", "two different numbers"),
        ("waves = 2", "wave = 2", r"\[load\] has no wave"),
        ("waves = 2", "batch = 0", "is a multiple of batch = 0"),
        ("waves = 2", "batch = 5000", "no number from 1200 to 2400 is a multiple of batch = 5000"),
        ("waves = 2", "waves = 2\nbatch = 100", "batch is for one wave"),
        ('rule = "values"', 'rule = "value"', "there is no rule value"),
        ('cause = "not-reduced"', 'cause = "reduced"', "there is no cause reduced"),
        ('id = "not-reduced"', 'id = "other-field"', "two causes have the same id"),
        ('file = "wrong/not_reduced.py"', 'file = "wrong/x.py"', "x.py is not there; write it"),
        ("[starter]", "[begin]", "begin"),
    ],
)
def test_a_mistake_in_an_exercise_is_told_in_one_line(root, old, new, says):
    change(root, old, new)
    with pytest.raises(LabError, match=says) as raised:
        read.all_of(root)
    assert "\n" not in str(raised.value)


def test_an_exercise_needs_two_planted_wrong_answers(root):
    file = root / FOLDER / "exercise.toml"
    text = file.read_text()
    file.write_text(text[: text.index("[[wrong]]")] + '[[wrong]]\nfile = "x"\ncause = "error"\n')
    with pytest.raises(LabError, match="fewer than two planted wrong answers"):
        read.all_of(root)


def test_a_file_takes_the_place_of_the_program_or_of_the_conf():
    first, second = read.all_of(ROOT)[:2]
    wrong = second.wrong[0].file
    lesson = read.lesson_with(second, wrong, ROOT)
    assert (ROOT / "spark-apps" / lesson.program.file).resolve() == wrong
    assert lesson.conf == "access-log.conf"
    lesson = read.lesson_with(first, first.solution, ROOT)
    assert (ROOT / "flume-conf" / lesson.conf).resolve() == first.solution
    assert lesson.program.file == "url_counts.py"
    assert first.kind is Kind.CONF


def test_a_cause_is_told_in_paragraphs_whatever_its_line_breaks(root):
    change(root, "The key of each pair must be the URL\nof the line.", "\n\nWhich is\nthe key?")
    [exercise] = read.all_of(root)
    [cause] = [each for each in exercise.causes if each.id == "counts-lines"]
    assert cause.says == (
        "Your program counts lines, and not the requests of each page.\nWhich is the key?"
    )
