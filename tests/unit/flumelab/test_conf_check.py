"""What is wrong in a conf is told before its agent starts."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flumelab import conf_check, doctor, settings
from flumelab.cli import cli
from flumelab.errors import LabError

CONF = """\
lab.sources = r1
lab.channels = c1
lab.sinks = k1
lab.sources.r1.type = avro
lab.sources.r1.bind = 127.0.0.1
lab.sources.r1.port = 4141
lab.sources.r1.channels = c1
lab.channels.c1.type = memory
lab.sinks.k1.type = avro
lab.sinks.k1.hostname = spark
lab.sinks.k1.port = 4142
lab.sinks.k1.channel = c1
"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    file = tmp_path / "my.conf"
    file.write_text(CONF)
    return file


def test_a_clean_conf_is_not_talked_about(conf: Path) -> None:
    said: list[str] = []
    conf_check.require_work(conf, "lab", said.append)

    assert said == []


def test_a_mistake_is_one_line_and_the_run_goes_on(conf: Path) -> None:
    conf.write_text(CONF + "lab.sinks.k2.type = avro\n")
    said: list[str] = []
    conf_check.require_work(conf, "lab", said.append)

    assert said == [
        f"{conf}:13:1: ignored: no list names sink k2, so Flume does not start it; "
        "add k2 to lab.sinks, or delete its settings [configured-but-not-listed]"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lab.channels = c1\n", ""),
        ("channels.c1.type = memory", "channels.c1.type = memry"),
        ("c1.type = memory", "c1.type = memory\nlab.channels.c1.transactionCapacity = 500"),
        ("k1.port = 4142", "k1.port = 4142\nlab.sinks.k1.path = C:\\users"),
        ("lab.sinks = k1\n", "lab.sinks = k1\nlab.sinkgroups = g1\nlab.sinkgroups.g1.sink = k1\n"),
        ("c1.type", "c2.type"),
    ],
)  # fmt: skip
def test_a_conf_with_which_flume_does_nothing_is_refused(conf: Path, old: str, new: str) -> None:
    assert old in CONF
    conf.write_text(CONF.replace(old, new))
    said: list[str] = []

    with pytest.raises(LabError, match="Flume would do nothing with this conf"):
        conf_check.require_work(conf, "lab", said.append)


def test_a_class_without_a_package_is_not_refused(conf: Path) -> None:
    conf.write_text(CONF.replace("sinks.k1.type = avro", "sinks.k1.type = MongoSink"))
    conf_check.require_work(conf, "lab", lambda _: None)


def test_a_lessons_conf_is_checked_and_a_lesson_without_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "flume-conf").mkdir()
    (tmp_path / "flume-conf/lesson.conf").write_text(CONF + "lab.sinks.k2.type = avro\n")
    said: list[str] = []

    conf_check.of_lesson("", tmp_path, said.append)
    assert said == []
    conf_check.of_lesson("lesson.conf", tmp_path, said.append)
    assert "no list names sink k2" in said[0]


def test_an_agent_that_is_not_in_the_conf_is_refused(conf: Path) -> None:
    with pytest.raises(LabError):
        conf_check.require_work(conf, "a1", lambda _: None)


def test_the_doctor_names_each_finding(conf: Path) -> None:
    (clean,) = doctor.of_confs([conf])
    assert (clean.ok, clean.found) == (True, "1 clean")

    conf.write_text(CONF.replace("k1.channel =", "k1.channels ="))
    check = doctor.of_confs([conf])[0]
    assert not check.ok
    assert check.found == "my.conf:12: idle: sink k1 has `channels`, which no sink reads"
    assert check.remedy == "write channel"


def test_the_labs_own_confs_are_clean() -> None:
    files = conf_check.of_the_lab(settings.load().root)

    assert len(files) >= 5
    assert doctor.of_confs(files) == [doctor.Check("Flume confs", True, f"{len(files)} clean", "")]


def test_the_machine_has_no_part_in_the_check_of_ones_own_conf(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as used:
        monkeypatch.setenv("LAB_UI_PORT", str(used.getsockname()[1]))
        result = CliRunner().invoke(cli, ["doctor", "--conf", str(conf)])

    assert (result.exit_code, result.stdout.split()) == (0, ["ok", "Flume", "confs", "1", "clean"])


def test_the_doctor_looks_at_a_conf_of_ones_own(conf: Path) -> None:
    conf.write_text(CONF.replace("lab.sinks = k1", "lab.sinks = k1,"))
    result = CliRunner().invoke(cli, ["doctor", "--conf", str(conf), "--json"])

    assert result.exit_code == 1
    assert "comma" in result.stdout or "becomes part of a name" in result.stdout
