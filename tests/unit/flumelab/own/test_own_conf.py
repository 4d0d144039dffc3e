"""A user's conf is read as Flume reads it, and what is not here is replaced, each with a reason."""

from pathlib import Path

import pytest

from flumelab.errors import LabError
from flumelab.own import conf
from flumelab.own.adapt import Folders, adapt, is_local, text_of
from flumelint import parse

COURSE = """\
# From a course.
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = spooldir
a1.sources.r1.spoolDir = /home/maria_dev/spool
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = avro
a1.sinks.k1.hostname = sandbox.invalid
a1.sinks.k1.port = 9092
a1.sinks.k1.channel = c1
"""


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "lab", {})


def written(tmp_path: Path, text: str = COURSE) -> Path:
    file = tmp_path / "my.conf"
    file.write_text(text)
    return file


def replaced(file: Path, folders: Folders, fed: str | None = None) -> dict[str, str]:
    return {each.key: each.value for each in adapt(conf.read(file), folders, fed)}


def test_the_only_agent_of_a_file_needs_no_name(tmp_path: Path) -> None:
    read = conf.read(written(tmp_path))
    assert read.agent == "a1"
    assert read.sources["r1"].is_a("SpoolDir")
    assert [sink.name for sink in read.spark_sinks()] == ["k1"]


def test_a_conf_that_is_utf16_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "my.conf").write_text(COURSE, encoding="utf-16")
    with pytest.raises(
        LabError,
        match=r"it has zero bytes, as UTF-16 has, which Flume cannot read; save it as UTF-8$",
    ):
        conf.read(tmp_path / "my.conf")


def test_of_several_agents_one_has_to_be_named_and_be_there(tmp_path: Path) -> None:
    file = written(tmp_path, COURSE + "b2.sources = r1\nb2.sources.r1.type = seq\n")
    with pytest.raises(LabError, match=r"has the agents a1, b2; choose one with --agent$"):
        conf.read(file)
    assert list(conf.read(file, "b2").sources) == ["r1"]
    with pytest.raises(LabError, match=r"has no agent c3; give --agent a1 or b2$"):
        conf.read(file, "c3")


def test_a_part_that_no_list_names_or_that_has_no_settings_does_not_run(tmp_path: Path) -> None:
    more = "a1.sinks = k1 k2\na1.sinks.k3.type = logger\n"
    assert list(conf.read(written(tmp_path, COURSE + more)).sinks) == ["k1"]


def test_only_a_sink_to_a_port_of_the_program_feeds_it(tmp_path: Path) -> None:
    read = conf.read(written(tmp_path))
    assert [sink.name for sink in read.spark_sinks(frozenset({9092}))] == ["k1"]
    assert read.spark_sinks(frozenset({4141})) == []


def test_a_folder_and_a_host_that_are_not_here_are_replaced(
    tmp_path: Path, folders: Folders
) -> None:
    assert replaced(written(tmp_path), folders) == {
        "a1.sources.r1.spoolDir": f"{tmp_path}/lab/home/maria_dev/spool",
        "a1.sinks.k1.hostname": "127.0.0.1",
    }
    assert (tmp_path / "lab/home/maria_dev/spool").is_dir()


def test_the_users_own_choice_for_a_folder_comes_first(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "lab", {"/home/maria_dev": tmp_path / "mine"})
    spool = replaced(written(tmp_path), folders)["a1.sources.r1.spoolDir"]
    assert spool == f"{tmp_path}/mine/spool"


def test_a_folder_that_is_here_stays_unless_the_log_is_fed_into_it(
    tmp_path: Path, folders: Folders
) -> None:
    (tmp_path / "spool").mkdir()
    file = written(tmp_path, COURSE.replace("/home/maria_dev/spool", f"{tmp_path}/spool"))
    assert "a1.sources.r1.spoolDir" not in replaced(file, folders)
    fed = replaced(file, folders, fed="r1")["a1.sources.r1.spoolDir"]
    assert fed == f"{tmp_path}/lab{tmp_path}/spool"


def test_a_file_channel_without_folders_gets_them(tmp_path: Path, folders: Folders) -> None:
    found = replaced(written(tmp_path, COURSE.replace("= memory", "= file")), folders)
    assert found["a1.channels.c1.checkpointDir"] == f"{tmp_path}/lab/flume/c1/checkpoint"
    assert found["a1.channels.c1.dataDirs"] == f"{tmp_path}/lab/flume/c1/data"


def test_a_tailed_file_that_is_not_there_is_one_of_the_labs(
    tmp_path: Path, folders: Folders
) -> None:
    text = COURSE.replace("= spooldir", "= exec") + "a1.sources.r1.command = tail -F /v/a.log\n"
    command = replaced(written(tmp_path, text), folders)["a1.sources.r1.command"]
    assert command == f"tail -F {tmp_path}/lab/v/a.log"
    assert (tmp_path / "lab/v/a.log").exists()


def test_events_for_hdfs_go_into_files_and_the_lab_says_so(
    tmp_path: Path, folders: Folders
) -> None:
    more = "a1.sinks = k1 h1\na1.sinks.h1.type = hdfs\na1.sinks.h1.channel = c1\n"
    more += "a1.sinks.h1.hdfs.path = hdfs://nn:8020/logs/%Y-%m-%d\n"
    found = adapt(conf.read(written(tmp_path, COURSE + more)), folders)
    by_key = {each.key: each for each in found}
    assert by_key["a1.sinks.h1.type"].value == "file_roll"
    assert by_key["a1.sinks.h1.sink.directory"].value == f"{tmp_path}/lab/logs"
    assert "there is no HDFS here" in by_key["a1.sinks.h1.type"].told


def test_the_agents_copy_is_the_users_file_with_the_replacements_last(
    tmp_path: Path, folders: Folders
) -> None:
    file = written(tmp_path)
    text = text_of(conf.read(file), adapt(conf.read(file), folders))
    assert text.startswith(file.read_bytes())
    last = {each.key.text: each.value.text for each in parse(text.decode()).assignments}
    assert last["a1.sources.r1.spoolDir"] == f"{tmp_path}/lab/home/maria_dev/spool"
    assert last["a1.sinks.k1.port"] == "9092"


def test_a_file_without_an_agent_is_one_line_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"my.conf has no agent; a conf lists an agent's parts: a1"):
        conf.read(written(tmp_path, "hello = world\n"))
    with pytest.raises(LabError, match=r"other.conf: No such file or directory; give --conf"):
        conf.read(tmp_path / "other.conf")


def test_addresses_of_this_machine_are_told_from_others() -> None:
    assert is_local("localhost")
    assert is_local("0.0.0.0")  # noqa: S104 - compared only
    assert not is_local("sandbox.invalid")
    assert not is_local("203.0.113.7")


def test_a_byte_order_mark_is_no_part_of_the_agents_name(tmp_path: Path, folders: Folders) -> None:
    file = tmp_path / "my.conf"
    file.write_bytes(b"\xef\xbb\xbf" + COURSE.removeprefix("# From a course.\n").encode())
    read = conf.read(file)
    assert read.agent == "a1"
    assert text_of(read, adapt(read, folders)).startswith(b"a1.sources")


def test_a_path_that_is_not_ascii_reaches_flume(tmp_path: Path) -> None:
    read = conf.read(written(tmp_path))
    text = text_of(read, adapt(read, Folders(tmp_path / "\u00e4 \U0001f600", {})))
    assert rb"\u00e4 \ud83d\ude00/home/maria_dev/spool" in text
    assert text.isascii()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("k1.channel =", "k1.channels =", "a1.sinks.k1.channels is not read by Flume; write"),
        ("k1.channel = c1", "k1.x = 1", "a1.sinks.k1.channel is missing; name a channel"),
        ("r1.channels = c1", "r1.channels = c9", "names c9, which is no channel of a1 .*: c1$"),
        ("port = 9092", "port = ${env:LAB_NO_SUCH}", "a1.sinks.k1.port is empty, which is not a"),
        ("port = 9092", "port = 9092x", "port is 9092x, which is not a port; write a number"),
    ],
)
def test_what_flume_would_leave_out_is_one_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    read = conf.read(written(tmp_path, COURSE.replace(old, new)))
    with pytest.raises(LabError, match=said):
        conf.require_connected(read)


def test_the_confs_of_the_courses_are_connected() -> None:
    for file in (Path(__file__).parents[3] / "data/own").glob("*.conf"):
        conf.require_connected(conf.read(file))


def test_a_text_that_cannot_be_a_host_is_not_this_machine() -> None:
    assert not is_local("a..b")
