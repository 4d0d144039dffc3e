"""Confs as courses write them, run by `flume-ng` and real Flume: each line arrives once."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil
import pytest
import requests

from flumelab.runtimes import flume_class_archive
from tests.support.at_once import at_once_with
from tests.support.flume import Collector
from tests.support.flume_components import FLUME_HOME, ROOT
from tests.support.ports import free_port
from tests.support.waiting import accepts, wait_for

CONFS = ROOT / "tests" / "data" / "confs"
EXCERPT = ROOT / "tests" / "data" / "access_excerpt.log"
ARCHIVE = flume_class_archive.file(FLUME_HOME)
FLUME_NG = str(FLUME_HOME / "bin" / "flume-ng")
LINES = [f"2015-05-17 10:05:{second:02} line {second}" for second in range(60)]
PORTS = ("PORT", "PORT_2", "PORT_3", "PORT_4")
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class Agent:
    """An agent of a conf in tests/data/confs, with folders and ports of its own."""

    def __init__(self, folder: Path, conf: str, name: str) -> None:
        self.spool, self.out = folder / "in", folder / "out"
        for made in (self.spool, self.out, self.out / "lines"):
            made.mkdir(parents=True, exist_ok=True)
        self.ports = {name: free_port() for name in PORTS}
        self.log = folder / "log"
        ports = {name: str(port) for name, port in self.ports.items()}
        folders = {"IN": str(self.spool), "FLUME_SPOOL_DIR": str(self.spool), "OUT": str(self.out)}
        home = {"FLUME_JAVA_OPTS": f"{QUICK} -Duser.home={folder}"}
        words = ["agent", "-n", name, "-c", "conf", "-f", str(CONFS / conf)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [FLUME_NG, *words, "-Dflume.root.logger=INFO,console"],
                cwd=folder,
                env={**os.environ, **home, **ports, **folders},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def feed(self, name: str, data: bytes) -> None:
        """Put a whole file into the folder that it reads."""
        (self.spool.parent / name).write_bytes(data)
        (self.spool.parent / name).rename(self.spool / name)

    def delivered(self) -> list[str]:
        """The lines of its files, or of its log where the sink is a logger."""
        files = [path for path in self.out.rglob("*") if re.fullmatch(r"\d+-\d+", path.name)]
        return [line for path in files for line in path.read_text("utf-8", "replace").splitlines()]

    def logged(self) -> list[str]:
        return self.log.read_text("utf-8", "replace").splitlines()

    def wait_for(self, what: Callable[[], object], claim: str) -> None:
        def unless_ended() -> object:
            assert self.process.poll() is None, self.log.read_text()
            return what()

        wait_for(unless_ended, f"{claim}; its log: {self.log}")

    def wait_for_lines(self, count: int) -> list[str]:
        self.wait_for(lambda: len(self.delivered()) >= count, f"{count} lines")
        return self.delivered()


class Agents:
    """Starts agents in a folder; all end with the test."""

    def __init__(self, folder: Path) -> None:
        if not Path(FLUME_NG).exists():
            pytest.skip(f"{FLUME_NG} is missing: mvn -f runtimes/pom.xml package")
        self.folder = folder
        self._started: list[Agent] = []

    def __call__(self, conf: str, name: str = "a1") -> Agent:
        folder = self.folder / f"agent{len(self._started)}"
        self._started.append(Agent(folder, conf, name))
        return self._started[-1]

    def __enter__(self) -> Agents:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._started:
            one.process.kill()
            one.process.wait()


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@contextmanager
def connected(agent: Agent, port: int) -> Iterator[socket.socket]:
    agent.wait_for(lambda: accepts(port), f"a listener on {port}")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        yield connection


@at_once_with(Agents)
def test_millis_serializer_makes_a_timestamp_of_each_line(agent: Agents) -> None:
    its = agent("millis-serializer.conf")
    its.feed("access.log", text(LINES))
    lines = its.wait_for_lines(len(LINES))
    assert sorted(line.split("} ")[1] for line in lines) == LINES
    stamps = sorted(int(re.search(r"timestamp=(\d{13})\b", line)[1]) for line in lines)  # type: ignore[index]
    assert [stamp - stamps[0] for stamp in stamps] == [1000 * n for n in range(60)]


@at_once_with(Agents)
def test_http_events_arrive(agent: Agents) -> None:
    its = agent("http.conf")
    port = its.ports["PORT"]
    its.wait_for(lambda: accepts(port), f"a listener on {port}")
    events = [{"headers": {}, "body": line} for line in LINES]
    answer = requests.post(f"http://127.0.0.1:{port}/", json=events, timeout=30)
    assert answer.status_code == 200
    assert sorted(its.wait_for_lines(len(LINES))) == LINES


@at_once_with(Agents)
def test_confs_that_send_to_spark_on_localhost_start_as_they_are(agent: Agents) -> None:
    """Only their two ports are others: those in the files may be in use here."""
    spark, http_port = Collector(), free_port()
    try:
        for name in ("http-to-spark.conf", "millis-to-spark.conf"):
            text_of = (CONFS / name).read_text()
            text_of = text_of.replace("4141", str(spark.port)).replace("5140", str(http_port))
            (agent.folder / name).write_text(text_of)
        http = agent(str(agent.folder / "http-to-spark.conf"))
        millis = agent(str(agent.folder / "millis-to-spark.conf"))  # meanwhile
        millis.feed("access.log", EXCERPT.read_bytes())
        http.wait_for(lambda: accepts(http_port), "the http source listens")
        event = {"headers": {"a": "b"}, "body": "x"}
        assert requests.post(f"http://127.0.0.1:{http_port}/", json=[event], timeout=30).ok
        lines = EXCERPT.read_bytes().splitlines()
        millis.wait_for(lambda: len(spark.events) > len(lines), "the events of both")
    finally:
        spark.end()
    assert ({"a": "b"}, b"x") in spark.events
    of_millis = [event for event in spark.events if "timestamp" in event[0]]
    stamped = [line for line in lines if b"[" in line]
    assert sorted(body for _, body in of_millis) == sorted(stamped)
    for headers, body in of_millis:
        told = re.search(rb"\[([^\]]+)\]", body)
        assert told
        time = datetime.strptime(told[1].decode(), "%d/%b/%Y:%H:%M:%S %z")
        assert int(headers["timestamp"]) == time.timestamp() * 1000


@at_once_with(Agents)
def test_the_three_syslog_sources_deliver(agent: Agents) -> None:
    its = agent("syslog.conf")
    sent = [f"<13>Oct 11 22:14:15 host app: line {n}" for n in range(40)]
    for n, name in enumerate(("PORT", "PORT_3", "PORT_4")):
        with connected(its, its.ports[name]) as connection:
            connection.sendall(text(sent[10 * n : 10 * n + 10]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for line in sent[30:]:
            udp.sendto(f"{line}\n".encode(), ("127.0.0.1", its.ports["PORT_2"]))
    lines = its.wait_for_lines(40)
    arrived = sorted(int(line.rsplit(" ", 1)[1]) for line in lines if line)
    assert arrived == list(range(40))


@at_once_with(Agents)
def test_netcat_lines_are_answered_and_logged(agent: Agents) -> None:
    its = agent("netcat.conf")
    with connected(its, its.ports["PORT"]) as connection:
        connection.sendall(text([f"line {n}" for n in range(10)]))
        answer = b""
        while answer.count(b"OK") < 10:
            data = connection.recv(1000)
            assert data, answer
            answer += data
    mapped = {each.path for each in psutil.Process(its.process.pid).memory_maps()}
    assert str(ARCHIVE) in mapped, "flume-ng uses the archive of Flume's classes"
    event = "Event: { headers:{} body:"
    its.wait_for(lambda: sum(event in line for line in its.logged()) == 10, "10 logged events")


@at_once_with(Agents)
def test_taildir_reads_what_is_appended(agent: Agents) -> None:
    its = agent("taildir.conf")
    log = its.spool / "access.log"
    log.write_bytes(text(LINES[:30]))
    its.wait_for_lines(30)
    with log.open("ab") as more:
        more.write(text(LINES[30:]))
    assert sorted(its.wait_for_lines(60)) == LINES


@at_once_with(Agents)
def test_the_jdbc_channel_passes_each_line_on(agent: Agents) -> None:
    its = agent("jdbc.conf")
    its.feed("access.log", text(LINES))
    assert sorted(its.wait_for_lines(len(LINES))) == LINES


@at_once_with(Agents)
def test_avro_files_are_written_and_read(agent: Agents) -> None:
    writer = agent("avro-files.conf")
    writer.feed("access.log", text(LINES))
    writer.wait_for((writer.spool / "access.log.COMPLETED").exists, "the file is read")
    writer.process.terminate()  # the sink empties the channel and ends the Avro file
    writer.process.wait(60)
    (file,) = writer.out.glob("*-1")
    reader = agent("avro-files.conf", "a2")
    reader.feed("access.avro", file.read_bytes())
    # An event's body is the record as Avro encodes it: no headers (0), twice the length, the body.
    records = [f"\0{chr(2 * len(line))}{line}" for line in LINES]
    assert sorted(reader.wait_for_lines(len(LINES))) == sorted(records)


@at_once_with(Agents)
def test_uuid_interceptor_gives_each_event_its_own_id(agent: Agents) -> None:
    its = agent("uuid.conf")
    its.feed("access.log", text(LINES))
    lines = its.wait_for_lines(len(LINES))
    assert sorted(line.split("} ")[1] for line in lines) == LINES
    assert len({re.search(r"\bid=([0-9a-f-]{36})\b", line)[1] for line in lines}) == 60  # type: ignore[index]


# ---- the other commands, by real Flume


def flume_ng(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    if not Path(FLUME_NG).exists():
        pytest.skip(f"{FLUME_NG} is missing: mvn -f runtimes/pom.xml package")
    return subprocess.run(
        [FLUME_NG, *words], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_version_names_flume(tmp_path: Path) -> None:
    done = flume_ng(tmp_path, "version")
    assert done.returncode == 0
    assert done.stdout.startswith("Flume 1.11.0\n")


def test_a_dry_run_of_real_flume_starts_nothing(tmp_path: Path) -> None:
    done = flume_ng(tmp_path, "agent", "-f", str(CONFS / "netcat.conf"), "-d")
    assert done.returncode == 0
    assert f"'{ARCHIVE.parent}/conf:{FLUME_HOME}/lib/*:" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_integrity_tool_runs(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = flume_ng(tmp_path, "tool", "fcintegritytool", "-l", "data")
    assert done.returncode == 0
    assert "Could not find" not in done.stdout + done.stderr


@at_once_with(Agents)
def test_avro_client_sends_a_file_to_an_agent(agent: Agents) -> None:
    its = agent("avro-source.conf")
    its.wait_for(lambda: accepts(its.ports["PORT"]), "an avro source")
    (agent.folder / "lines").write_bytes(text(LINES))
    port = str(its.ports["PORT"])
    done = flume_ng(agent.folder, "avro-client", "-H", "127.0.0.1", "-p", port, "-F", "lines")
    assert done.returncode == 0, done.stderr
    assert sorted(its.wait_for_lines(len(LINES))) == LINES


def test_the_log_goes_to_a_file_where_that_is_asked_for(tmp_path: Path) -> None:
    done = flume_ng(
        tmp_path,
        "avro-client",
        "-Dflume.root.logger=INFO,LOGFILE",
        "-H",
        "h",
        "-p",
        "1",
        "-F",
        "none",
    )
    assert done.stdout == ""
    assert "Unable to" in (tmp_path / "logs" / "flume.log").read_text()
