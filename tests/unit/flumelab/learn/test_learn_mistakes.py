"""Find the mistake: one conf for each rule, and each file of one gets its verdict."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from flumelab.cli import cli
from flumelab.learn import mistakes, read, show, verify
from flumelab.learn.exercise import Kind
from flumelab.learn.session import Session
from flumelab.learn.verdict import Result, Verdict
from flumelint import all_rules
from tools.learn.mistakes import usable

ROOT = Path(__file__).parents[4]
ALL = [each for each in read.all_of(ROOT) if each.kind is Kind.FIND]


def test_each_rule_that_loses_data_or_leaves_a_part_idle_has_one():
    made = mistakes.rules(ROOT / mistakes.FOLDER)
    assert sorted(made) == sorted(rule.name for rule in usable()), "python -m tools.learn.mistakes"


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.rule)
def test_the_files_are_the_examples_of_the_rule_and_get_their_verdicts(exercise):
    rule = all_rules()[exercise.rule]
    assert exercise.starter.read_text() == rule.wrong, "python -m tools.learn.mistakes"
    assert exercise.solution.read_text() == rule.right, "python -m tools.learn.mistakes"
    for file, wanted, cause in verify.claims(exercise):
        verdict = mistakes.judge(exercise, file)
        assert (verdict.result, verdict.cause) == (wanted, cause), (file, verdict)


def test_the_first_hint_does_not_name_the_rule_and_the_last_one_the_command():
    for exercise in ALL:
        assert exercise.rule not in exercise.hints[0]
        assert exercise.hints[-1].startswith(f"flumelint {mistakes.FOLDER}/mistake-")


def test_the_name_of_a_file_does_not_tell_the_mistake():
    assert not [each for each in ALL if each.rule in str(each.file)]


def test_the_times_of_a_proof_are_told_by_exercise():
    def proof(name, seconds):
        verdict = Verdict(name, Result.RIGHT, seconds=seconds)
        return verify.Proof(Path("x"), Result.RIGHT, "", verdict)

    proofs = [proof("slow", seconds) for seconds in range(1, 12)] + [proof("quick", 0.01)]
    assert verify.times(proofs) == {"slow": (6, 10), "quick": (0.01, 0.01)}
    [line] = show.times(verify.times(proofs))
    assert str(line) == "slow                         p50   6.0 s   p90  10.0 s"


def test_a_proof_is_printed_as_json_before_the_next_file_is_checked(tmp_path, monkeypatch):
    prove = verify.verify

    def watched(*of):
        for number, proof in enumerate(prove(*of)):
            assert sys.stdout.buffer.getvalue().count(b"\n") == number
            yield proof

    monkeypatch.setattr(verify, "verify", watched)
    monkeypatch.setenv("LAB_STATE", str(tmp_path))
    done = CliRunner().invoke(cli, ["learn", "verify", "mistake-01", "--json"])
    assert done.exit_code == 0, done.output
    proofs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [proof["file"] for proof in proofs] == [
        str(file) for file, _, _ in verify.claims(read.find(ALL, "mistake-01"))
    ]
    assert all(proof["holds"] for proof in proofs)


def test_a_conf_with_a_mistake_is_handed_out_when_the_learner_comes_to_it(tmp_path):
    for part in ("exercises", "solutions"):
        shutil.copytree(
            ROOT / part / "20-find-the-mistake", tmp_path / part / "20-find-the-mistake"
        )
    exercises = read.all_of(tmp_path)
    for each in exercises:
        each.file.unlink(missing_ok=True)
    checks = SimpleNamespace(root=tmp_path, folder=tmp_path / "learn")
    session = Session(checks, exercises)
    assert not [each for each in exercises if each.file.exists()]
    assert session.current().file.read_text() == exercises[0].starter.read_text()
    assert session.go_on(exercises[0]).file == exercises[1].file
    assert [each.name for each in exercises if each.file.exists()] == ["mistake-01", "mistake-02"]
