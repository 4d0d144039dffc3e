"""The user's log is unpacked, counted as Flume counts lines, and given to the right source."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flumelab.errors import LabError
from flumelab.own import conf as confs
from flumelab.own import feed, feed_network
from flumelab.own.conf import AgentConf, Component
from flumelab.own.hops import Hop, Hops
from flumelab.own.hops import of as flow
from flumelab.own.inputs import LogFile, files_of
from tests.support.compression import PACK


def source(kind: str, **settings: str) -> Component:
    named = {key.replace("_", "."): value for key, value in settings.items()}
    return Component("r1", "a1.sources.r1.", {"type": kind, **named})


@pytest.mark.parametrize("text", [b"", b"a\n", b"a\nb", b"a\n\nb\n", b"\n", b"a\r\nb\r\n"])
def test_lines_are_counted_as_flume_makes_events_of_them(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(text)
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    assert LogFile(file).count() == len(lines)
    assert list(LogFile(file).lines()) == lines


def test_compressed_logs_are_unpacked(tmp_path: Path) -> None:
    for ending, compress in PACK.items():
        file = tmp_path / f"log{ending[1:]}.txt{ending}"
        file.write_bytes(compress(b"one\ntwo\n"))
    found, left_out = files_of(tmp_path)
    assert not left_out
    assert [file.name for file in found] == ["logbz2.txt", "loggz.txt", "logxz.txt", "logzst.txt"]
    assert [file.count() for file in found] == [2, 2, 2, 2]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst"])
def test_archives_written_one_after_the_other_are_read_to_the_end(
    tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"a.log{ending}"
    file.write_bytes(PACK[ending](b"one\n") + PACK[ending](b"two\n"))
    assert list(LogFile(file).lines()) == [b"one", b"two"]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst"])
def test_half_an_archive_is_one_line(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"a.log{ending}"
    file.write_bytes(PACK[ending](bytes(range(256)) * 40)[:-9])
    with pytest.raises(
        LabError, match=rf"a.log{ending} cannot be read: .*; give --input a complete file$"
    ):
        LogFile(file).count()


def test_what_is_empty_hidden_or_done_is_left_out_and_said(tmp_path: Path) -> None:
    for name, text in {"a.log": "x\n", "b.log": "", ".c": "x", "d.COMPLETED": "x"}.items():
        (tmp_path / name).write_text(text)
    found, left_out = files_of(tmp_path)
    assert [file.name for file in found] == ["a.log"]
    assert len(left_out) == 3
    with pytest.raises(LabError, match=r"b.log is empty; give --input a log with lines in it$"):
        files_of(tmp_path / "b.log")
    assert any("b.log is empty" in sentence for sentence in left_out)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.log").write_text("x\n")
    with pytest.raises(LabError, match=r"several files named a.log; Flume accepts a name once"):
        files_of(tmp_path)


def test_a_spool_folder_gets_whole_files_only(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    log = tmp_path / "a.log"
    log.write_text("1\n2\n")
    assert feed.feed(source("spooldir", spoolDir=str(spool)), [LogFile(log)]) == 2
    assert [file.name for file in spool.iterdir()] == ["a.log"]


def test_a_name_that_the_source_passes_over_is_said_before_it_waits(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    ignoring = source("spooldir", spoolDir=str(tmp_path), ignorePattern=r".*\.log")
    with pytest.raises(LabError, match=r"a1.sources.r1.ignorePattern = .* excludes a.log;"):
        feed.feed(ignoring, [LogFile(log)])


def test_a_taildir_source_gets_the_lines_at_the_end_of_its_file(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n2\n")
    tail = source("TAILDIR", filegroups="f1", filegroups_f1=f"{tmp_path}/t/access.log")
    assert feed.feed(tail, [LogFile(log)]) == 2
    assert (tmp_path / "t/access.log").read_text() == "1\n2\n"


@contextmanager
def netcat_source(*answers: bytes) -> Iterator[tuple[Component, list[bytes]]]:
    """A source that gives one answer a line, and what it has received."""
    received = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                for each in answers:
                    received.append(lines.readline())
                    connection.sendall(each + b"\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        yield source("netcat", bind="0.0.0.0", port=str(port)), received  # noqa: S104 - a name
        thread.join(5)


def test_a_netcat_source_that_refuses_a_line_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_network, "FULL_SECONDS_MAX", 0)
    log = tmp_path / "a.log"
    log.write_text("1\n2\n")
    refused = pytest.raises(LabError, match="source r1 refused line 1: FAILED: Error writing")
    with netcat_source(b"FAILED: Error writing to channel") as (netcat, _), refused:
        feed.feed(netcat, [LogFile(log)])


def test_a_line_is_sent_again_until_the_channel_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_network, "POLL_SECONDS", 0)
    log = tmp_path / "a.log"
    log.write_text("1\n2\n")
    with netcat_source(b"OK", b"FAILED: the channel is full", b"OK") as (netcat, received):
        assert feed.feed(netcat, [LogFile(log)]) == 2
    assert received == [b"1\n", b"2\n", b"2\n"]


def test_requests_get_smaller_until_a_transaction_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_network, "POLL_SECONDS", 0)
    taken: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200 if len(events) <= 30 else 503)
            self.end_headers()
            taken.extend(event["body"] for event in events if len(events) <= 30)

        def log_message(self, *_: object) -> None:
            pass

    log = tmp_path / "a.log"
    log.write_text("".join(f"{number}\n" for number in range(250)))
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert feed.feed(source("http", port=str(server.server_port)), [LogFile(log)]) == 250
        server.shutdown()
    assert taken == list(map(str, range(250)))


def test_a_conf_that_no_log_can_feed_says_what_it_has(tmp_path: Path) -> None:
    conf = AgentConf(tmp_path / "x.conf", "a1", {"r1": source("seq")}, {}, {})
    with pytest.raises(
        LabError, match=r"the lab can feed no source of this conf; sources: r1 \(seq\)"
    ):
        feed.source_to_feed(conf)


def hops(*lines: int) -> Hops:
    names = ["input", "source r1", "channel c1", "sink k1", "Spark stored", "Spark counted"]
    return Hops([Hop(name, number, "") for name, number in zip(names, lines, strict=False)])


def test_hops_agree_or_differ_at_the_first_that_is_not_like_the_one_before() -> None:
    assert hops(10, 10, 10, 10).agree
    assert hops(10, 10, 0, 0).differs_at == "channel c1"
    assert hops(10, 10, 10, 12).differs_at == "sink k1"
    assert not hops(0, 0, 0).agree
    assert hops(10, 7).as_json("my.py") == {
        "program": "my.py",
        "hops": [{"name": "input", "lines": 10}, {"name": "source r1", "lines": 7}],
        "agree": False,
        "differs_at": "source r1",
    }


MULTIPLEXED = """\
a1.sources = r1
a1.channels = hot cold
a1.sinks = k1 k2
a1.sources.r1.type = syslogtcp
a1.sources.r1.channels = hot cold
a1.sources.r1.selector.type = multiplexing
a1.sources.r1.selector.mapping.temp = hot
a1.sources.r1.selector.default = cold
a1.channels.hot.type = memory
a1.channels.cold.type = memory
a1.sinks.k1.type = avro
a1.sinks.k1.port = 9999
a1.sinks.k1.channel = hot
a1.sinks.k2.type = file_roll
a1.sinks.k2.channel = cold
"""


@pytest.mark.parametrize(
    ("conf", "cold", "differs_at", "counted"),
    [
        (MULTIPLEXED, 3, None, [10, 10, 7, 7]),
        (MULTIPLEXED, 2, "channel hot, cold", [10, 9, 7, 7]),
        (MULTIPLEXED.replace("default = cold", "default = hot cold"), 9, None, [10, 7, 7]),
        (MULTIPLEXED.replace("multiplexing", "replicating"), 10, "channel hot", [10, 7, 7]),
    ],
)
def test_what_a_selector_sends_elsewhere_is_not_lost(
    tmp_path: Path, conf: str, cold: int, differs_at: str | None, counted: list[int]
) -> None:
    (tmp_path / "my.conf").write_text(conf)
    metrics = {
        "SOURCE.r1": {"EventAcceptedCount": "10"},
        "CHANNEL.hot": {"EventPutSuccessCount": "7"},
        "CHANNEL.cold": {"EventPutSuccessCount": str(cold)},
        "SINK.k1": {"EventDrainSuccessCount": "7"},
    }
    progress = {"receivers": True, "stored": 7, "counted": 7}
    given = Hop("input", 10, "")
    found = flow(confs.read(tmp_path / "my.conf"), [metrics], progress, given, frozenset({9999}))
    assert [lines for _, lines in found.counts] == [10, *counted, 7, 7]
    assert found.differs_at == differs_at


@pytest.mark.parametrize(
    ("kind", "put_in", "named"),
    [("regex_filter", "7", True), ("regex_filter", "10", False), ("host", "7", False)],
)
def test_a_filter_is_named_where_lines_are_missing(
    tmp_path: Path, kind: str, put_in: str, named: bool
) -> None:
    filtered = MULTIPLEXED.replace(" cold", "").replace("multiplexing", "replicating")
    keys = f"a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = {kind}\n"
    (tmp_path / "my.conf").write_text(filtered + keys)
    metrics = {
        "SOURCE.r1": {"EventAcceptedCount": "10"},
        "CHANNEL.hot": {"EventPutSuccessCount": put_in},
        "SINK.k1": {"EventDrainSuccessCount": put_in},
    }
    progress = {"receivers": True, "stored": int(put_in), "counted": int(put_in)}
    conf = confs.read(tmp_path / "my.conf")
    found = flow(conf, [metrics], progress, Hop("input", 10, ""), frozenset({9999}))
    notes = {hop.name: hop.note for hop in found.hops if hop.note}
    said = (
        "interceptor i1 (regex_filter) of source r1 can leave lines out; compare what is missing "
        "with its regex"
    )
    assert notes == ({"channel hot": said} if named else {})
    assert found.differs_at == (None if put_in == "10" else "channel hot")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst"])
def test_a_damaged_archive_is_one_line(tmp_path: Path, ending: str) -> None:
    packed = bytearray(PACK[ending](bytes(range(256)) * 100))
    packed[0 if ending == ".zst" else 12 : 60] = b"\xff" * 60
    file = tmp_path / f"a.log{ending}"
    file.write_bytes(packed)
    with pytest.raises(LabError, match=r"cannot be read: .*; give --input a complete file$"):
        LogFile(file).count()


def test_lines_that_become_several_events_are_said_before(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"x" * 2047 + b"\n" + b"x" * 2048 + b"\n" + "\u00e4".encode() * 2047 + b"\n")
    said = list(feed.warnings(source("spooldir"), [LogFile(file)]))
    assert len(said) == 1
    assert ": 1 line has 2,048 characters or more, and source r1 makes several" in said[0]
    assert said[0].endswith("; set a1.sources.r1.deserializer.maxLineLength")
    longer = source("spooldir", deserializer_maxLineLength="9999")
    assert not list(feed.warnings(longer, [LogFile(file)]))
    assert not list(feed.warnings(source("taildir"), [LogFile(file)]))


def test_a_log_from_windows_is_said_before(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"x\r\ny\nz\r\n")
    (said,) = feed.warnings(source("spooldir"), [LogFile(file)])
    assert ": 2 lines end with CR LF, as on Windows, and the events keep the CR; let" in said
    assert not list(feed.warnings(source("taildir"), [LogFile(file)]))


def test_a_log_at_which_the_source_stops_is_said_before(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"x\n\xe4\n\xe4\n")
    said = list(feed.warnings(source("spooldir"), [LogFile(file)]))
    assert ": 2 lines are not UTF-8, and source r1 stops at the first, line 2; set" in said[0]
    replaces = source("spooldir", decodeErrorPolicy="REPLACE")
    assert not list(feed.warnings(replaces, [LogFile(file)]))


def test_a_source_that_does_not_take_the_log_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_network, "LISTEN_SECONDS_MAX", 0)
    file = tmp_path / "a.log"
    file.write_text("x\n")
    missing = source("spooldir", spoolDir=str(file / "spool"))
    with pytest.raises(LabError, match=r"^source r1 \(spooldir\) does not take the log: "):
        feed.feed(missing, [LogFile(file)])
    nobody = source("http", port="1")
    with pytest.raises(LabError, match=r"^source r1 \(http\) does not take the log: "):
        feed.feed(nobody, [LogFile(file)])


@pytest.mark.parametrize("name", ["a.log", "a.log.COMPLETED"])
def test_a_name_that_flume_has_read_is_not_used_again(tmp_path: Path, name: str) -> None:
    file = tmp_path / "a.log"
    file.write_text("new\n")
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / name).write_text("old\n")
    feed.feed(source("spooldir", spoolDir=str(spool)), [LogFile(file)])
    assert (spool / name).read_text() == "old\n"
    assert (spool / "a.2.log").read_text() == "new\n"
