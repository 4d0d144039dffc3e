"""The lab serves lines to a program that connects to a socket."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flumelab.own import feed, line_server
from flumelab.own.inputs import LogFile
from flumelab.own.line_server import LineServer, served
from tests.support.waiting import wait_for


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LineServer]:
    monkeypatch.setattr(line_server, "SETTLE_SECONDS", 0.3)
    server = served(0, tmp_path / "served")
    assert server
    yield server
    server.close()


def put(server: LineServer, folder: Path, text: bytes) -> None:
    (folder / "a.log").write_bytes(text)
    log = LogFile(folder / "a.log")
    feed.move_into(server.folder, log, feed.unused_name(server.folder, log.name))


def test_lines_wait_for_a_client_and_the_last_one_gets_its_end(
    server: LineServer, tmp_path: Path
) -> None:
    put(server, tmp_path, b"one\n\ntwo")
    assert (server.clients, server.lines) == (0, 0)
    with socket.create_connection(("127.0.0.1", server.port)) as client, client.makefile() as lines:
        assert [lines.readline() for _ in range(3)] == ["one\n", "\n", "two\n"]
        wait_for(lambda: not list(server.folder.iterdir()), "the file is gone")
        assert server.lines == 3
    wait_for(lambda: server.clients == 0, "the client is forgotten")


def test_each_query_of_a_program_gets_every_line(server: LineServer, tmp_path: Path) -> None:
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address) as one, socket.create_connection(address) as two:
        put(server, tmp_path, b"line\n" * 2_500)
        for client in (one, two):
            with client.makefile() as lines:
                assert [lines.readline() for _ in range(2_500)] == ["line\n"] * 2_500
        wait_for(lambda: server.lines == 2_500, "a line counts once")


@pytest.mark.skipif(
    sys.platform == "darwin", reason="macOS gives 127.0.0.1 away while another has all addresses"
)
def test_a_port_that_something_serves_already_is_left_alone_and_not_connected_to(
    tmp_path: Path,
) -> None:
    with socket.create_server(("", 0)) as users_own:
        users_own.setblocking(False)
        assert served(users_own.getsockname()[1], tmp_path) is None
        with pytest.raises(BlockingIOError):
            users_own.accept()
