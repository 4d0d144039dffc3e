"""What ends a run, and what a user is told about it, without any process."""

import errno
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from flumelab import own_container
from flumelab.errors import LabError
from flumelab.own import command, hops
from flumelab.own import conf as confs
from flumelab.own.command import parse_map, run
from flumelab.own.conf import AgentConf
from flumelab.own.run_end import explain_end, first_error
from flumelab.own.run_guards import alone, paths_explained
from flumelab.own.services import Wish, utf8_locale
from flumelab.runtimes.choice import RuntimeName


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state/own"
    used = pytest.raises(LabError, match=r"is used by another run; wait for its end, or set")
    with alone(folder), used, alone(folder):
        pass
    with alone(folder):
        pass


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.touch()
    said = pytest.raises(LabError, match=r"state/own: Not a directory; let the lab write there, or")
    with said, paths_explained():
        (file / "own").mkdir()
    with pytest.raises(ConnectionError), paths_explained():
        raise ConnectionResetError


def test_how_a_program_ended_is_said() -> None:
    assert explain_end({"ended": 0, "failure": []}) == []
    assert explain_end({"ended": 3, "failure": []}) == ["The program ended with exit code 3"]
    assert explain_end({"ended": 1, "failure": ["It failed"]}) == ["It failed"]
    assert "was killed" in explain_end({"ended": None})[0]
    # The lab has ended its streams and then the program, which would have run for ever.
    assert explain_end({"ended": None, "streams_ended": True}) == []


def test_the_first_error_of_an_agents_log_is_one_short_line(tmp_path: Path) -> None:
    log = tmp_path / "flume.log"
    assert first_error(log) is None
    frames = " | \tat java.base/Class.method(Class.java:641) | "
    log.write_text(
        "10:00:00 INFO  A: no ERRORs\n"
        f"10:00:01 ERROR Application: A fatal error | java.lang.X: avroo{frames}\n"
        "10:00:02 ERROR B: later\n"
    )
    assert first_error(log) == "Application: A fatal error | java.lang.X: avroo"


def test_a_map_holds_in_the_programs_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_map(["/home/maria/spool=spool"]) == {"/home/maria/spool": tmp_path / "spool"}


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(Path("none.py")), "none.py is not there; name a Python program"),
        (Wish(Path(__file__), conf=Path("/")), "/ is not a file; give --conf one"),
        (Wish(Path(__file__), log=Path("none.log")), "none.log is not there; give --input"),
        (
            Wish(Path(__file__), log=Path(__file__), count="("),
            "not a regular expression: .*correct",
        ),
        (Wish(Path(__file__), count="."), "--count needs --input"),
    ],
)
def test_a_file_that_is_not_there_is_said_before_anything_starts(wish: Wish, said: str) -> None:
    with pytest.raises(LabError, match=said):
        run(wish, RuntimeName.docker, as_json=False, report=print)


def test_a_wrong_agent_is_said_before_an_image_is_built(tmp_path: Path) -> None:
    conf = tmp_path / "my.conf"
    conf.write_text("a1.sources = r1\n")
    with pytest.raises(LabError, match=r"my.conf has no agent a2; give --agent a1$"):
        run(Wish(Path(__file__), conf, "a2"), RuntimeName.docker, as_json=False, report=print)


def test_what_cannot_be_read_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is unreadable for root, who may run the tests: so access() says what it would."""
    program, log = tmp_path / "p.py", tmp_path / "logs/sub/a.log"
    log.parent.mkdir(parents=True)
    for file in (program, log):
        file.touch()
    for closed in (program, tmp_path / "logs/sub", log):
        monkeypatch.setattr(os, "access", lambda path, _mode, closed=closed: path != closed)
        said = pytest.raises(LabError, match=f"^{closed}: Permission denied; let the lab read it")
        with said:
            run(Wish(program, log=tmp_path / "logs"), RuntimeName.local, False, print)

    def refuse(_wish: Wish) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/closed/p.py")

    monkeypatch.setattr(command, "_require_each", refuse)
    with pytest.raises(LabError, match=r"^/closed/p.py: Permission denied; let the lab read"):
        run(Wish(program), RuntimeName.local, False, print)


SINKLESS = """
a1.sources = r1
a1.channels = c1
a1.sources.r1.type = netcat
a1.sources.r1.bind = localhost
a1.sources.r1.port = 44444
a1.sources.r1.channels = c1
a1.channels.c1.type = {}
"""


def test_a_conf_without_a_sink_is_refused_before_anything_starts(tmp_path: Path) -> None:
    conf = tmp_path / "my.conf"
    said = pytest.raises(LabError, match=r"my.conf: agent a1 has no sink with settings, so nothing")
    for line in ("", "a1.sinks = k1\n"):  # the second one is listed, and has no settings
        conf.write_text(SINKLESS.format("memory") + line)
        with said:
            run(Wish(Path(__file__), conf), RuntimeName.docker, as_json=False, report=print)
    conf.write_text(SINKLESS.format("org.apache.flume.channel.kafka.KafkaChannel"))
    confs.require_a_sink(confs.read(conf))  # a program can read its topic


def test_a_signal_of_a_run_has_the_exit_code_that_a_shell_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        monkeypatch.setattr(command, "_require_files", lambda _, n=number: signal.raise_signal(n))
        code = run(Wish(Path(__file__)), RuntimeName.local, as_json=False, report=print)
        assert code == 128 + number


def test_a_container_keeps_its_logs_where_a_folder_is_mounted_or_says_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs, place = tmp_path / "own/logs", tmp_path / "mounted"
    own_container.keep_logs(logs, place)  # it ended before it had any
    assert capsys.readouterr().err == ""
    logs.mkdir(parents=True)
    for name in ("flume.log", "program.log"):
        (logs / name).write_text(name)
    own_container.keep_logs(logs, place)
    assert capsys.readouterr().err == (
        "flumelab: flume.log and program.log will be lost with this container; to keep them: "
        "mkdir -m 777 logs && docker compose -f compose.own.yaml run --rm "
        f'-v "$PWD/logs:{place}" own\n'
    )
    place.mkdir()
    own_container.keep_logs(logs, place)
    assert (place / "flume.log").read_text() == "flume.log"
    assert "are in the folder that is mounted at" in capsys.readouterr().err
    (place / "flume.log").unlink()
    (place / "flume.log").mkdir()
    own_container.keep_logs(logs, place)
    assert "flume.log: Is a directory; let all write there" in capsys.readouterr().err


def test_java_gets_a_locale_in_which_it_can_open_every_file() -> None:
    assert utf8_locale({}) == {"LC_ALL": "C.UTF-8"}
    assert utf8_locale({"LANG": "de_DE.UTF-8"}) == {}
    assert utf8_locale({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}) == {"LC_ALL": "C.UTF-8"}


def names_of(progress: dict[str, Any], conf: AgentConf | None = None) -> list[tuple[str, Any]]:
    found = hops.of(conf, (), progress, hops.Hop("input", 3, "lines of the log"), None)
    return [(hop.name, hop.lines) for hop in found.hops]


def test_a_program_has_the_hops_of_its_own_kinds_of_streams() -> None:
    nothing = AgentConf(Path("my.conf"), "a1", {}, {}, {})
    assert names_of({}, nothing) == [("input", 3), ("Spark", None)]
    received = {"receivers": True, "stored": 3, "counted": 2}
    assert names_of(received, nothing)[1:] == [("Spark stored", 3), ("Spark counted", 2)]
    files = {"files": {"lines": 3, "unsure": ""}}
    assert names_of(files) == [("input", 3), ("Spark read", 3)]
    assert names_of({"files": {"lines": 3, "unsure": "a.log has grown"}})[1:] == [
        ("Spark read", None)
    ]
    other = {"other_streams": ["QueueInputDStream"], "queries": {"hosts": 3}}
    assert names_of(other)[1:] == [("QueueInputDStream", None), ("query hosts", 3)]


def test_what_the_lab_does_not_see_neither_agrees_nor_differs() -> None:
    unseen = hops.Hop("Spark", None, "")
    assert hops.Hops([unseen]).agree is None
    seen = hops.Hops([hops.Hop("input", 3, ""), unseen, hops.Hop("query q", 2, "")])
    assert (seen.agree, seen.differs_at, seen.unseen) == (False, "query q", ["Spark"])
    assert seen.as_json("p.py")["hops"][1] == {"name": "Spark", "lines": None}


def test_half_a_quotation_in_the_containers_arguments_is_one_line() -> None:
    with pytest.raises(SystemExit, match=r"LAB_PROGRAM_ARGS=\"a: No closing quotation; write it"):
        own_container.arguments({"LAB_PROGRAM_FILE": "p.py", "LAB_PROGRAM_ARGS": '"a'})


def test_what_spark_has_not_counted_of_what_flume_has_sent_can_be_a_sign() -> None:
    named = (("input", 9), ("sink k1, k2", 8), ("Spark stored", 8), ("Spark counted", 5))
    found = hops.Hops([hops.Hop(name, lines, "") for name, lines in named])
    assert found.for_signs == [("Flume sent", 8), ("counted", 5)]
    assert hops.Hops(found.hops[:2]).for_signs == []  # a structured query
    assert hops.Hops(found.hops[2:]).for_signs == []  # no Flume


def test_what_is_put_into_the_channel_and_not_sent_waits_there() -> None:
    named = (("source r1", 9), ("channel c1", 8), ("sink k1, k2", 5), ("Spark stored", 5))
    assert hops.Hops([hops.Hop(name, lines, "") for name, lines in named]).in_channel == 3
    assert hops.Hops([hops.Hop("input", 9, "")]).in_channel == 0
