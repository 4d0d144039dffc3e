"""The commands: what a machine lacks is unknown and exit code 2, and wrong words are one line."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flumelab import settings
from flumelab.cli import cli
from flumelab.errors import LabError
from flumelab.experiments import experiment as files
from flumelab.experiments import needs, page_table, report
from flumelab.experiments import result as results
from flumelab.experiments.needs import CannotRun, Clock
from flumelab.experiments.result import Result
from flumelab.experiments.theory import Bound
from flumelab.experiments.verdict import Measured, Prediction, Verdict
from flumelab.terminal_output import console

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path))


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "mariadb_server", lambda: None)


@pytest.mark.usefixtures("no_database")
def test_what_the_machine_lacks_is_unknown_with_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["experiment", "run", "database-away", "--json"])
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert found["verdict"] == "unknown"
    assert found["why"] == "it needs a MariaDB server; apt-get install mariadb-server"
    assert found["measured"] is None
    folder = tmp_path / "experiments/database-away/latest"
    assert json.loads((folder / "result.json").read_text()) == found
    assert "Nothing was seen" in (folder / "picture.html").read_text()

    shown = CliRunner().invoke(cli, ["experiment", "show", "database-away"])
    assert (shown.exit_code, shown.stdout.splitlines()) == (
        0,
        [
            f"database-away: unknown: {found['why']}",
            f"picture: {folder.resolve()}/picture.html",
        ],
    )


@pytest.mark.usefixtures("no_database")
def test_each_run_has_a_folder_and_latest_is_the_newest(tmp_path: Path) -> None:
    for _ in range(3):
        CliRunner().invoke(cli, ["experiment", "run", "database-away", "--json"])
    runs = tmp_path / "experiments/database-away"
    folders = sorted(each for each in runs.iterdir() if not each.is_symlink())
    assert len(folders) == 3
    newest = max(folders, key=lambda folder: folder.stat().st_mtime_ns)
    assert (runs / "latest").resolve() == newest


@pytest.mark.usefixtures("no_database")
def test_each_of_several_results_is_a_line() -> None:
    words = ["experiment", "run", "database-away", "--seeds", "2", "--json"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["experiment"], each["verdict"]) for each in found] == [
        ("database-away", "unknown")
    ] * 2


def test_a_disk_needs_root_and_a_clock_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(CannotRun, match=r"only root on Linux may mount; use sudo"):
        needs.require(files.find(ROOT, "full-spool-disk"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(CannotRun, match=r"needs Linux and a C compiler.*; apt-get install gcc"):
        needs.require(files.find(ROOT, "clock-set-back"))
    needs.require(files.find(ROOT, "memory-channel"))  # needs nothing


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("cc"),
    reason="the library that sets a clock back is for Linux, and needs a C compiler",
)
def test_the_clock_of_a_process_is_set_back_while_it_runs_and_the_waits_stay(
    tmp_path: Path,
) -> None:
    clock = Clock(tmp_path)
    ask = "import sys, time; [print(time.time(), time.monotonic(), flush=True) for _ in sys.stdin]"
    with subprocess.Popen(
        [sys.executable, "-c", ask],
        env=os.environ | clock.variables(ROOT),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        found = []
        for seconds in (0, 3600, 0):
            clock.set_back(seconds)
            process.stdin.write("\n")
            process.stdin.flush()
            day, waits = map(float, process.stdout.readline().split())
            found.append((round((time.time() - day) / 60), abs(time.monotonic() - waits) < 30))
    assert found == [(0, True), (60, True), (0, True)]
    clock.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "name an experiment that flumelab experiment list shows, or give --all"),
        (["run", "x", "--all"], "name an experiment that flumelab experiment list shows, or give"),
        (["run", "memory-channel", "--lost", "1"], "a prediction has two numbers; give both"),
        (["run", "memory-channel", "half-open", "--lost", "1", "--twice", "1"], "name one"),
        (["run", "memory-channel", "--lost", "x", "--twice", "1"], "x is not a number of lines"),
        (["run", "nothing"], "no experiment named nothing; choose one of"),
        (["show", "memory-channel"], "memory-channel has not run yet; flumelab experiment run"),
    ],
)
def test_wrong_words_are_one_line_with_the_remedy(words: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["experiment", *words])
    assert isinstance(done.exception, LabError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)


def test_the_list_names_each_experiment_in_80_columns() -> None:
    done = CliRunner().invoke(cli, ["experiment", "list"])
    assert done.exit_code == 0
    named = {line.split()[0] for line in done.stdout.splitlines() if line[0] != " "}
    assert named == set(files.all_of(settings.load().root))
    assert max(map(len, done.stdout.splitlines())) <= 80
    as_json = json.loads(CliRunner().invoke(cli, ["experiment", "list", "--json"]).stdout)
    assert {each["name"] for each in as_json} == named


def test_prediction_theory_and_measurement_stand_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = files.find(ROOT, "memory-channel")
    theory = page_table.theory_of(experiment, ROOT)
    found = Result(
        experiment, Verdict.true, "it holds", theory, Measured(5_000, 5_000, 0),
        Prediction(Bound(5_000, 5_000), Bound(0, 1_000)), {"generated": 10_000},
        ((1_001, 6_000),), (), 30.0, tmp_path,
    )  # fmt: skip
    console().print(report.result(found))
    printed = capsys.readouterr().out
    rows = [line.split() for line in printed.splitlines()]
    assert ["lines", "lost", "5,000", "at", "most", "5,000", "5,000"] in rows
    assert ["lines", "counted", "twice", "0-1,000", "at", "most", "1,000", "0"] in rows
    assert "Your prediction was right." in printed
    assert "lost: lines 1,001 to 6,000" in printed
    assert max(map(len, printed.splitlines())) <= 80

    wrong = replace(found, verdict=Verdict.false, why="6,000 lost", prediction=None)
    console().print(report.result(wrong), report.results([found, wrong]))
    printed = capsys.readouterr().out
    assert "THEORY FALSE: 6,000 lost" in printed
    assert "Your prediction" not in printed
    assert "memory-channel" in printed


def test_a_run_in_the_same_second_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    folders = {results.new_folder(tmp_path, "x") for _ in range(4)}
    assert len(folders) == 4
