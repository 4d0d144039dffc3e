"""What a lab that stays knows of its files, without any process."""

import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from flumelab import own_container, settings
from flumelab.errors import LabError
from flumelab.own import conf as confs
from flumelab.own import docker, saved, shown, source_files, stream_kinds
from flumelab.own.adapt import Folders, adapt
from flumelab.own.conf import AgentConf
from flumelab.own.file_ports import FilePorts
from flumelab.own.flume_jars import jars_of
from flumelab.own.lab import Known, OwnLab
from flumelab.own.services import OwnState, Wish
from flumelab.own.stream_kinds import FilesRead


def conf_of(folder: Path, source: str) -> AgentConf:
    file = folder / "my.conf"
    keys = "\n".join(f"a1.sources.r1.{line}" for line in source.splitlines())
    file.write_text(f"a1.sources = r1\na1.channels = c1\na1.sinks = k1\n{keys}\n")
    return confs.read(file)


def test_lines_of_a_spool_folder_are_those_that_this_agent_reads(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    (spool / ".flumespool").mkdir(parents=True)
    conf = conf_of(tmp_path, f"type = spooldir\nspoolDir = {spool}\nignorePattern = .*tmp")
    old = spool / "old.log.COMPLETED"
    old.write_text("1\n2\n")
    assert source_files.already_read(conf) == [old]
    (spool / "new.log").write_text("1\n2\n3")
    (spool / "done.log.COMPLETED").write_text("1\n")
    for passed_over in (".hidden", "a.tmp", ".flumespool/old.meta"):
        (spool / passed_over).write_text("1\n")
    found = source_files.files_of(conf)
    assert [file.name for file in found or ()] == [
        "done.log.COMPLETED", "new.log", "old.log.COMPLETED",
    ]  # fmt: skip
    lab = OwnLab(
        Wish(Path("my.py"), conf.file), Known(conf, before=[str(old)]), settings.load(), print
    )
    assert lab.hops().counts[0] == ("input", 3 + 1)


@pytest.mark.parametrize(
    "source",
    [
        "type = spooldir\nspoolDir = {}\ndeletePolicy = immediate",
        "type = spooldir\nspoolDir = {}\ndeserializer = avro",
        "type = TAILDIR\nfilegroups = f1\nfilegroups.f1 = {}/a.log\nskipToEnd = true",
        "type = netcat\nbind = localhost\nport = 1",
    ],
)
def test_lines_that_nobody_can_count_in_files_are_not_counted(tmp_path: Path, source: str) -> None:
    assert source_files.files_of(conf_of(tmp_path, source.format(tmp_path))) is None


def test_what_a_tailing_source_has_read_before_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("1\n")
    positions = tmp_path / "positions.json"
    tail = f"type = TAILDIR\nfilegroups = f1\nfilegroups.f1 = {tmp_path}/a.*\n"
    conf = conf_of(tmp_path, f"{tail}positionFile = {positions}")
    assert source_files.already_read(conf) == []
    assert source_files.files_of(conf) == [tmp_path / "a.log"]
    positions.write_text('[{"inode": 1, "pos": 2, "file": "a.log"}]')
    assert source_files.already_read(conf) is None
    command = conf_of(tmp_path, f"type = exec\ncommand = tail -F {tmp_path}/a.log")
    assert source_files.already_read(command) is None


def test_the_user_is_asked_for_a_folder_that_is_not_there(tmp_path: Path) -> None:
    asked = []

    def answer(folder: str, place: Path) -> Path:
        asked.append((folder, place))
        return tmp_path / "mine"

    conf = conf_of(tmp_path, "type = spooldir\nspoolDir = /home/maria_dev/spool")
    folders = Folders(tmp_path / "lab", {}, answer)
    [replaced] = adapt(conf, folders)
    assert asked == [("/home/maria_dev/spool", tmp_path / "lab/home/maria_dev/spool")]
    assert replaced.value == str(tmp_path / "mine")
    assert folders.mapped == {"/home/maria_dev/spool": tmp_path / "mine"}
    adapt(conf, folders)
    adapt(conf, Folders(tmp_path / "lab", {}, answer), fed="r1")  # the log's place needs no answer
    assert len(asked) == 1


def test_jars_are_taken_from_folders_and_looked_at(tmp_path: Path) -> None:
    jar = tmp_path / "plugins.d/mine/lib/mine.jar"
    jar.parent.mkdir(parents=True)
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("A.class", b"")
    assert jars_of([tmp_path / "plugins.d", jar]) == [jar, jar]
    (tmp_path / "empty").mkdir()
    (tmp_path / "page.jar").write_text("<html>")
    for given, said in {
        "empty": "has no jar in it; give --flume-jar a jar, or its folder",
        "none.jar": "is not there; give --flume-jar a jar, or a folder of jars",
        "page.jar": "is not a jar; build it again, or fetch it again",
    }.items():
        with pytest.raises(LabError, match=said):
            jars_of([tmp_path / given])


def test_a_later_command_knows_what_runs(tmp_path: Path) -> None:
    configured = replace(settings.load(), state=tmp_path, ui_port=1, metrics_port=2)
    conf = conf_of(tmp_path, "type = spooldir\nspoolDir = spool")
    lab = OwnLab(
        Wish(Path("my.py"), tmp_path / "my.conf", count="a", count_each=True),
        Known(conf, "r1", 5, ["old"], Counter(a=2)),
        configured,
        print,
    )
    lab.state.folder.mkdir()
    assert not saved.is_up(configured)
    saved.write(lab)
    assert saved.is_up(configured)
    again = saved.read(replace(configured, ui_port=3, metrics_port=4), print)
    assert again.known == lab.known
    assert (again.settings.ui_port, again.settings.metrics_port) == (1, 2)
    assert again.wish == lab.wish


def test_only_the_lines_that_a_file_had_when_spark_read_it_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_kinds, "RETRY_SECONDS", 0)
    file = tmp_path / "a.log"
    file.write_text("1\n2\n3")
    files = FilesRead()

    def added(length: int | None, *read: int) -> int:
        before = files.lines
        files.add({f"file:{file}": length}, lambda: list(read))
        return files.lines - before

    assert (added(file.stat().st_size), files.grown) == (3, "")
    for length, more in {0: 0, 1: 1, 3: 2}.items():  # Spark reads a line to its end
        assert (added(length), files.grown) == (more, str(file))
    # At a line's end Spark reads the next one, too, if it is there when it looks.
    assert (added(2, 0, 1), added(2, 2, 0), added(2, 1, 2)) == (1, 2, 2)
    assert files.unsure == ""
    assert added(4, 1, 0) == 2  # such as pprint(), which reads only what it prints
    assert files.unsure == f"{file} grew while Spark read it, and no stage has read all of it"
    added(None)
    assert files.unsure == f"nobody knows how much of {file} Spark has read"
    files.add({f"file:{tmp_path}/gone": 0}, list)
    assert "was removed" in files.unsure


def test_the_program_is_shown_without_sparks_log_and_before_its_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "('/', 1)\n10:00:00 ERROR Utils: Exception\nflumelab: told\np.py, line 1: E\n    x\n"
    shown.output(text, ["p.py, line 1: E", "    x"])
    assert capsys.readouterr().out == "('/', 1)\n"
    shown.output(
        "Which port? flumelab: the program failed:\np.py, line 1: E\n", ["p.py, line 1: E"]
    )
    assert capsys.readouterr().out == "Which port? \n"


def test_the_end_of_pysparks_own_workers_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    source = '  File "/venv/pyspark.zip/pyspark/source_runner.py", line 9, in main\n'
    socket = '  File "/usr/lib/python3.13/socket.py", line 7, in write\n    return self\n    ^^^^\n'
    daemon = '  File "/venv/pyspark.zip/pyspark/daemon.py", line 9, in manager\n    write(1)\n'
    broken = f"Traceback (most recent call last):\n{daemon}{daemon}BrokenPipeError: [Errno 32]"
    both = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    runner = f"Traceback (most recent call last):\n{source}{socket}BrokenPipeError: [Errno 32]"
    broken = f"{runner}{both}{runner}\n{broken}"
    users = 'Traceback (most recent call last):\n  File "my.py", line 1\nValueError: no'
    shown.output(f"('/', 1)\n{broken}\n('/', 2)\n{users}\n{broken}\n", [])
    assert capsys.readouterr().out.strip() == f"('/', 1)\n('/', 2)\n{users}"
    through = users.replace('  File "my.py"', f'{source}  File "my.py"')  # the user's function
    shown.output(f"{through}\nTraceback (most recent call last):\n", [])
    assert capsys.readouterr().out.strip() == through


def test_variables_stand_for_the_options_of_run_and_up() -> None:
    variables = {
        "LAB_PROGRAM_FILE": "p.py",
        "LAB_CONF_FILE": "a.conf",
        "LAB_COUNT": "x",
        "LAB_FLUME_JARS": "a.jar 'b c.jar'",
        "LAB_PROGRAM_ARGS": "1 --two",
    }
    local = ["--runtime", "local", "--conf", "a.conf"]
    jars = ["--flume-jar", "a.jar", "--flume-jar", "b c.jar"]
    end = ["p.py", "--", "1", "--two"]
    run = own_container.arguments(variables)
    assert run == ["run", *local, "--count", "x", *jars, *end]
    assert own_container.arguments(variables, "up") == ["up", *run[1:]]


def test_a_container_that_stays_reads_folders_of_the_host(tmp_path: Path) -> None:
    configured = replace(settings.load(), state=tmp_path / "state")
    conf_of(tmp_path, "type = spooldir\nspoolDir = /home/maria_dev/spool")
    told: list[str] = []
    wish = Wish(tmp_path / "my.py", tmp_path / "my.conf")
    mapped = docker.folders_of_sources(wish, None, configured, told.append)
    place = tmp_path / "state/own/files/home/maria_dev/spool"
    assert mapped == {"/home/maria_dev/spool": place}
    assert place.stat().st_mode & 0o777 == 0o777  # the container has a user of its own
    assert told == [f"source r1 reads {place}; put files there, or use flumelab feed"]
    more = {"mapped": mapped, "arguments": ("1",), "count": "a", "count_each": True}
    mounts, arguments = docker.inside(replace(wish, **more))
    assert f"{place}:/mapped/0" in mounts and f"{tmp_path}:/program:ro" in mounts
    assert arguments[-5:] == ["--count-each", "a", "/program/my.py", "--", "1"]


def test_a_program_and_a_conf_with_different_ports_are_told_so(tmp_path: Path) -> None:
    file = tmp_path / "my.conf"
    sink = {"channel": "c1", "type": "avro", "hostname": "localhost", "port": "9092"}
    keys = "".join(f"a1.sinks.k1.{key} = {value}\n" for key, value in sink.items())
    file.write_text(f"a1.sources = r1\na1.channels = c1\na1.sinks = k1\n{keys}")
    state = OwnState(tmp_path)
    ports = FilePorts(Wish(Path("my.py"), file), confs.read(file), state)
    assert not ports.program_is_ready()  # it has not written yet
    state.progress.write_text('{"listens": [4141]}')
    with pytest.raises(LabError) as said:
        ports.program_is_ready()
    assert str(said.value) == (
        f"my.py listens on port 4141, but the sinks of {file} send to port 9092; let both name "
        "the same port"
    )
