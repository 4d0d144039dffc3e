"""The files in experiments/: how they are read, and that those of the lab can be run."""

import re
from pathlib import Path

import pytest

from flumelab.errors import LabError
from flumelab.experiments import changed_conf, page_table
from flumelab.experiments import experiment as files
from flumelab.experiments.experiment import LINK_HOPS, PARTS, VERBS, Count, Fault, read
from flumelab.lessons.catalogue import LESSONS
from flumelab.own import conf as confs

ROOT = Path(__file__).parents[4]
KNOWN = files.all_of(ROOT)

GOOD = """
question = "What is lost?"
explains = "Nothing."
program = "line_counts"
conf = "access-log.conf"
[set]
"lab.channels.buffer.capacity" = 5000
[load]
lines = 100
rate = 50
[[fault]]
at = { sent = 40 }
do = "slow"
seconds = 2
[[fault]]
at = { received = 60 }
do = "kill flume"
[heal]
at = { generated = 100 }
"""


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD)
    found = read(file)
    assert found.name == "mine"
    assert (found.load.lines, found.load.rate, found.load.seed) == (100, 50, 1)
    assert found.faults == (
        Fault(Count("sent", 40), "slow", seconds=2),
        Fault(Count("received", 60), "kill", "flume"),
    )
    assert found.heal_at == Count("generated", 100)
    assert found.changes == {"lab.channels.buffer.capacity": "5000"}


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ('do = "kill flume"', 'do = "kill the cat"', "fault 2, do: kill the cat is not possible"),
        ('do = "kill flume"', 'do = "maim flume"', "fault 2, do: cannot maim; write kill, stop"),
        ('do = "kill flume"', 'do = "kill"', "fault 2, do: kill  is not possible"),
        ("received = 60", "sometimes = 60", "fault 2, at: is not a count"),
        ("received = 60", "received = 0", "fault 2, at: is not a count"),
        ("sent = 40", "answered = 40", "fault 1, at: slow begins at sent, not at answered"),
        ('"kill flume"', '"stop flume"\nhow = 1', "fault 2: how is unknown; write at, do"),
        ("lines = 100", 'lines = "many"', "load.lines: is not a number above 0"),
        ('question = "What is lost?"', 'question = " "', "question: is missing; write a text"),
        ("line_counts", "nothing", "program: no program nothing; choose one of"),
        ("[heal]", '[heal]\nwhen = "nothing moves"', "heal: is not clear; write at ="),
        ("at = { generated = 100 }", 'when = "later"', "heal: is not clear; write at ="),
        ("[heal]", "[heel]", "heel is unknown; write question"),
        ("question", "=", "give an experiment in TOML"),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_the_remedy(
    tmp_path: Path, wrong: str, right: str, message: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD.replace(wrong, right))
    with pytest.raises(LabError) as error:
        read(file)
    assert str(error.value).startswith(f"{file}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_name_is_answered_with_all_names() -> None:
    with pytest.raises(LabError, match=r"no experiment named nothing; choose one of .*cut-conn"):
        files.find(ROOT, "nothing")


def test_every_kind_of_fault_has_an_experiment() -> None:
    done = {(fault.verb, fault.target) for each in KNOWN.values() for fault in each.faults}
    assert {verb for verb, _ in done} == set(VERBS)
    assert {target for verb, target in done if verb == "kill"} == set(PARTS)
    assert {target for verb, target in done if verb == "fill"} == {"spool", "landing"}


@pytest.mark.parametrize("name", KNOWN)
def test_an_experiment_of_the_lab_asks_and_its_faults_can_come(name: str) -> None:
    found = KNOWN[name]
    assert found.question.endswith("lost, and how many come twice?")
    assert f"{found.load.lines:,} lines" in found.question or found.does("change-file")
    for fault in found.faults:
        if fault.at.hop in LINK_HOPS:
            assert fault.at.lines < found.load.lines
    assert page_table.theory_of(found, ROOT).reasons


@pytest.mark.parametrize("name", KNOWN)
def test_each_changed_key_is_one_that_the_conf_has(name: str, tmp_path: Path) -> None:
    found, changed = KNOWN[name], tmp_path / "agent.conf"
    base = files.conf_of(found, ROOT)
    changed_conf.write(base, found.changes, changed)
    values = confs.values_of(changed.read_text(), {})
    assert values.keys() == confs.values_of(base.read_text(), {}).keys()
    assert {key: values[key] for key in found.changes} == found.changes


def test_a_key_that_the_conf_lacks_is_added(tmp_path: Path) -> None:
    base, to = tmp_path / "a.conf", tmp_path / "b.conf"
    base.write_text("a.b = 1\na.bc = 2")
    changed_conf.write(base, {"a.b": "3", "a.d": "x\\y"}, to)
    assert confs.values_of(to.read_text(), {}) == {"a.b": "3", "a.bc": "2", "a.d": "x\\y"}


def test_the_page_has_the_table_that_the_files_give() -> None:
    page = (ROOT / page_table.PAGE).read_text("utf-8")
    assert page == page_table.with_table(page, page_table.table(ROOT)), (
        "run python -m flumelab.experiments.page_table"
    )


def test_the_plan_for_teachers_names_experiments_and_lessons_that_are_there() -> None:
    text = (ROOT / "docs/how-to/teach.md").read_text("utf-8")
    [plan] = re.findall(r"## Two days\n(.*?)\n## ", text, re.DOTALL)
    named = {word for word in re.findall(r"`([a-z][a-z0-9-]+)`", plan) if word != "flumelint"}
    named |= set(re.findall(r"flumelab experiment (?:run|show) ([a-z-]+)", text)) - {"--all"}
    assert len(named) > 15
    assert not named - KNOWN.keys() - LESSONS.keys()
