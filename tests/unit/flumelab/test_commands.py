"""The command line takes what its help names."""

import errno
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flumelab import cli as command_line
from flumelab import doctor, settings
from flumelab.cli import cli
from flumelab.commands import shared
from flumelab.errors import LabError
from flumelab.own.services import Wish
from flumelab.runtimes.docker import DockerRuntime
from flumelab.runtimes.local import LocalRuntime
from flumelab.runtimes.runtime import Service

FILES = ("--conf", "my.conf", "--agent", "a1", "--input", "access.log", "--map", "/old=new",
         "--submit-arg", "--verbose", "--requirements", "needs.txt", "--flume-jar", "one.jar",
         "--flume-jar", "two.jar", "--count", "GET")  # fmt: skip


def test_run_hands_over_each_option_for_the_users_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[Wish] = []

    def run(wish: Wish, *_more: object) -> int:
        asked.append(wish)
        return 3

    monkeypatch.setattr("flumelab.own.command.run", run)
    done = CliRunner().invoke(cli, ["run", *FILES, "my.py", "--", "localhost", "--last"])

    assert done.exit_code == 3
    assert asked == [
        Wish(
            program=Path("my.py"),
            conf=Path("my.conf"),
            agent="a1",
            log=Path("access.log"),
            mapped={"/old": tmp_path / "new"},
            submit=["--verbose"],
            requirements=Path("needs.txt"),
            flume_jars=[Path("one.jar"), Path("two.jar")],
            arguments=["localhost", "--last"],
            count="GET",
        )
    ]


@pytest.mark.parametrize("command", [("run", "url-counts"), ("up",)])
@pytest.mark.parametrize("option", [("--conf", "my.conf"), ("--flume-jar", "my.jar")])
def test_a_lesson_takes_no_file_of_the_users(
    command: tuple[str, ...], option: tuple[str, ...]
) -> None:
    done = CliRunner().invoke(cli, [*command, *option])
    assert isinstance(done.exception, LabError)
    assert "name" in str(done.exception)


def test_a_log_is_counted_in_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Wish] = []
    monkeypatch.setattr("flumelab.own.command.run", lambda wish, *_: asked.append(wish) or 0)
    each = ["--count-each", r"\S+"]
    CliRunner().invoke(cli, ["run", "my.py", *each])
    assert (asked[0].count, asked[0].count_each) == (r"\S+", True)
    both = CliRunner().invoke(cli, ["run", "my.py", *each, "--count", "GET"])
    assert "leave one out" in str(both.exception)


def test_a_conf_in_the_programs_place_is_not_taken_for_a_lesson() -> None:
    done = CliRunner().invoke(cli, ["run", "my.conf", "--conf", "my_program.py"])
    assert str(done.exception) == (
        "my.conf is not a Python program: its name does not end with .py; name one"
    )


def test_each_command_has_a_name_of_its_own_and_a_help_text() -> None:
    commands = [(each.name or getattr(each.callback, "__name__", ""), each.callback)
                for each in cli.registered_commands]  # fmt: skip
    assert len(dict(commands)) == len(commands)
    for name, callback in commands:
        if name != "flume-ng":  # this one hands --help to Flume
            done = CliRunner().invoke(cli, [name, "--help"])
            assert done.exit_code == 0
            assert (callback.__doc__ or "?").split(".")[0][:40] in done.stdout


class Closed:
    """What a terminal is once it was closed."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_report_that_nobody_reads_any_more_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Closed())
    shared.report("ending what is left of the run")


def fail_with(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(command_line, "cli", fail)
    monkeypatch.setattr("flumelab.java.provide", lambda: None)
    command_line.main()


def test_a_full_disk_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = settings.load().state
    for error in (
        OSError(errno.ENOSPC, "No space left on device"),
        NotADirectoryError(errno.ENOTDIR, "No space left on device", str(state)),
    ):
        with pytest.raises(SystemExit):
            fail_with(error, monkeypatch)
        assert capsys.readouterr().err == (
            f"flumelab: {state}: No space left on device; free some space or mend the folder, or "
            "choose another one: export LAB_STATE=…\n"
        )


def test_a_file_that_is_missing_elsewhere_is_our_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        fail_with(FileNotFoundError(errno.ENOENT, "No such file", "/elsewhere"), monkeypatch)


def test_a_port_of_the_users_own_lab_names_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_docker(_self: object) -> list[Service]:
        raise LabError("no engine")

    taken = doctor.Check("port 4141", False, "in use", "stop what uses it")
    monkeypatch.setattr(doctor, "examine", lambda *_: [taken])
    monkeypatch.setattr(DockerRuntime, "services", no_docker)
    monkeypatch.setattr(LocalRuntime, "services", lambda _self: [Service("flume", "running")])
    with pytest.raises(LabError) as told:
        shared.require_ready(LocalRuntime(settings.load()), True)
    assert str(told.value) == (
        "your local lab is up and uses port 4141; stop it first: flumelab down --runtime local"
    )
    monkeypatch.setattr(LocalRuntime, "services", lambda _self: [])
    with pytest.raises(LabError, match="this machine is not ready"):
        shared.require_ready(LocalRuntime(settings.load()), True)
