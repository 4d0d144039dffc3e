"""Progress, reset, and the learner's own error."""

import shutil
from pathlib import Path

import pytest

from flumelab.learn import desk, learner_error, linted, predictions, progress, read
from flumelab.learn.progress import Progress

ROOT = Path(__file__).parents[4]
NAMES = ["one", "two", "three"]


def test_progress_has_names_only_and_survives_another_order(tmp_path):
    file = tmp_path / "learn" / "progress"
    progress.write(file, Progress(now="two").with_done("one").with_done("three"))
    assert file.read_text().splitlines()[1:] == ["now two", "done one", "done three"]
    known = progress.read(file)
    assert known.current(NAMES) == "two"
    assert known.current(["three", "two", "one"]) == "two"


def test_a_line_of_progress_that_is_not_understood_is_left_out(tmp_path):
    file = tmp_path / "progress"
    file.write_bytes(b"done one\n\xff\xfe\ndone\nwhat else\ndone one\n")
    assert progress.read(file) == Progress(("one",))
    assert progress.read(tmp_path / "none") == Progress()


def test_what_is_wrong_again_is_to_do_again():
    known = Progress(("one", "two", "three"))
    assert known.current(NAMES) is None
    assert known.without("two").current(NAMES) == "two"


def test_next_goes_round():
    known = Progress(("three",))
    assert known.after("two", NAMES) == "one"
    assert known.with_done("one").with_done("two").after("two", NAMES) is None


@pytest.fixture
def exercise(tmp_path):
    for part in ("exercises/01-first-conf", "solutions/01-first-conf"):
        shutil.copytree(ROOT / part, tmp_path / part)
    [found] = read.all_of(tmp_path)
    found.file.unlink(missing_ok=True)
    return found


def test_a_starter_is_handed_out_once(exercise):
    desk.hand_out([exercise])
    assert desk.is_untouched(exercise)
    exercise.file.write_text("mine")
    desk.hand_out([exercise])
    assert exercise.file.read_text() == "mine"


def test_reset_keeps_every_version_of_the_work(exercise, tmp_path):
    kept = set()
    for text in ("first", "second", "third"):
        exercise.file.write_text(text)
        kept.add(desk.reset(exercise, tmp_path / "kept"))
        assert desk.is_untouched(exercise)
    assert {file.read_text() for file in kept} == {"first", "second", "third"}
    assert desk.reset(exercise, tmp_path / "kept") is None


OUTPUT = """\
Traceback (most recent call last):
  File "/x/exercises/02/blog_pages.py", line 40, in <module>
    lab.run_streams(count_pages)
py4j.protocol.Py4JJavaError: An error occurred while calling o34.awaitTerminationOrTimeout.
: org.apache.spark.SparkException: An exception was raised by Python:
Traceback (most recent call last):
  File "/venv/pyspark/streaming/util.py", line 74, in call
  File "/x/exercises/02/blog_pages.py", line 25, in <lambda>
    urls = lines.map(lambda line: line.splitt()[6])
AttributeError: 'str' object has no attribute 'splitt'

	at org.apache.spark.api.python.BasePythonRunner.handlePythonException(PythonRunner.scala:572)
"""


def test_the_learners_own_error_is_the_workers_with_its_line():
    found = learner_error.find(OUTPUT, Path("blog_pages.py"))
    expected = "blog_pages.py, line 25: AttributeError: 'str' object has no attribute 'splitt'"
    assert str(found) == expected


def test_without_a_traceback_there_is_no_error():
    assert learner_error.find("Time: 12\n('/', 3)\n", Path("a.py")) is None


def test_an_error_elsewhere_has_no_place():
    output = 'Traceback (most recent call last):\n  File "/lib/x.py", line 1\nValueError: no'
    assert str(learner_error.find(output, Path("a.py"))) == "ValueError: no"


def test_a_conf_that_reads_a_folder_of_the_host_is_refused(tmp_path):
    conf = tmp_path / "first.conf"
    conf.write_text("lab.sources.s.spoolDir = /home\n")
    cause, message = linted.mistake_in(conf)
    assert cause == "own-folder" and "rename all files" in message


def test_predictions_need_a_number_for_each_question(tmp_path):
    file = tmp_path / "answers.toml"
    file.write_text("lost = 3\ntwice = true\n")
    assert predictions.answers(file, {"lost": "lost"}) == {"lost": 3}
    with pytest.raises(predictions.NotAnswered, match="twice has no number yet"):
        predictions.answers(file, {"twice": "duplicated"})
    file.write_text("lost = \n")
    with pytest.raises(predictions.NotAnswered, match=r"write lines such as lost = 12"):
        predictions.answers(file, {"lost": "lost"})


def test_what_a_run_measures():
    outcome = predictions.Outcome({"a": 5, "b": 5}, {"a": 7, "b": 2}, {"sent": 9})
    asked = {"l": "lost", "d": "duplicated", "b": "row b", "t": "= 12", "s": "sent", "n": "rows"}
    expected = {"l": 3, "d": 2, "b": 2, "t": 12, "s": 9, "n": 2}
    assert predictions.measured(outcome, asked) == expected
    with pytest.raises(ValueError, match="give lost, duplicated"):
        predictions.require_known({"x": "lots"})


def test_a_wrong_prediction_is_shown_beside_what_was_measured():
    outcome = predictions.Outcome({"lost": 0, "twice": 1_000}, {"lost": 0, "twice": 3}, {})
    [line] = predictions.difference(outcome)
    assert line.split() == ["twice", "your", "answer", "3,", "measured", "1,000"]
    assert len(line) <= 80
