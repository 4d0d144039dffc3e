"""The page's server over a real socket: what it answers, what it refuses, and many clients."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from flumelab.page import serve
from flumelab.page.actions import LabControl
from flumelab.page.control import Control
from flumelab.page.events import HEARTBEAT_SECONDS
from tests.support.page_in_thread import Server
from tests.support.waiting import wait_for

PADDING = "x" * 6000  # a state has about this many bytes
STATE = {
    "lab": {"standing": True, "lesson": "url-counts"},
    "parts": [{"name": "flume", "state": "running"}],
    "hops": [{"part": "flume"}],
    "links": [{"cut": False}],
    "padding": PADDING,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = Server(LabControl("local"), STATE)
    started.put()
    wait_for(lambda: started.latest.json, "the first state")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def viewer() -> Iterator[Server]:
    started = Server(Control(), STATE)
    started.put()
    wait_for(lambda: started.latest.json, "the first state")
    yield started
    started.stop()


def test_every_answer_has_the_headers_that_protect_the_page(server: Server) -> None:
    for path in ("/", "/page.js", "/api/v1/state", "/nothing"):
        _, headers, _ = server.ask(path=path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_the_page_has_no_inline_script_or_style(server: Server) -> None:
    _, _, body = server.ask()
    text = body.decode()
    assert text.count("<script") == text.count("<script src=")
    assert "<style" not in text
    assert " style=" not in text
    assert not [word for word in text.split() if word.startswith("on")]
    assert "http://" not in text
    assert "https://" not in text


@pytest.mark.parametrize(
    "path",
    [
        *("/../pyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "/vendor/../../state.py"),
        *("/vendor/%2e%2e%2fpage.css", "//etc/passwd", "/page.js/", "/PAGE.JS", "/.git/config"),
        "/vendor/uPlot.min.css%00.js",
    ],
)
def test_a_path_that_is_no_file_of_the_page_is_not_found(server: Server, path: str) -> None:
    status, _, body = server.ask(path=path)
    assert status == 404
    assert b"there is nothing here" in body


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:4145", "", "page"])
def test_another_name_for_this_address_is_refused(server: Server, host: str) -> None:
    status, _, body = server.ask(path="/api/v1/state", Host=host)
    assert status == 421
    assert b"http://localhost" in body


@pytest.mark.parametrize("host", ["localhost:4145", "127.0.0.1", "[::1]:4145", "LOCALHOST:1"])
def test_the_pages_own_names_are_answered(server: Server, host: str) -> None:
    assert server.ask(path="/api/v1/state", Host=host)[0] == 200


def test_a_foreign_page_may_not_read_the_state(server: Server) -> None:
    status, _, _ = server.ask(path="/api/v1/state", Sec_Fetch_Site="cross-site")
    assert status == 403


def test_a_long_url_and_long_headers_are_refused(server: Server) -> None:
    assert server.ask(path="/?" + "a" * 3000)[0] == 414
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000)
        assert b" 400 " in client.recv(100)


@pytest.mark.parametrize("path", ["/", "/api/v1/state", "/api/v1/events", "/api/v1/history"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_but_an_action_takes_a_method_that_changes(
    server: Server, path: str, method: str
) -> None:
    status, _, _ = server.ask(method, path, Content_Length="0")
    assert status == 405


def test_no_get_acts(server: Server) -> None:
    status, _, _ = server.ask(path="/api/v1/actions?action=kill&part=flume")
    assert status == 405


@pytest.mark.parametrize(
    ("headers", "status", "says"),
    [
        ({"X_Lab_Token": "wrong"}, 403, "token"),
        ({"X_Lab_Token": ""}, 403, "token"),
        ({"X_Lab_Token": "ä" * 10}, 403, "token"),
        ({"Origin": "http://evil.example"}, 403, "only the page itself"),
        ({"Origin": "null"}, 403, "only the page itself"),
        ({"Content_Type": "text/plain"}, 415, "application/json"),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        ({"Sec_Fetch_Site": "cross-site"}, 403, "another page"),
    ],
)
def test_an_action_needs_the_token_and_the_pages_own_origin(
    server: Server, headers: dict[str, str], status: int, says: str
) -> None:
    given = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    found = server.act({"action": "kill", "part": "flume"}, **given)
    assert found[0] == status
    assert says in found[1]["error"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"action": "feed", "lines": 10**9, "rate": 0, "seed": 1}, "lines is 1000000000"),
        ({"action": "feed", "lines": "5; rm -rf /", "rate": 0, "seed": 1}, "whole number"),
        ({"action": "feed", "lines": True, "rate": 0, "seed": 1}, "whole number"),
        ({"action": "feed", "lines": 1, "rate": -1, "seed": 1}, "rate is -1"),
        ({"action": "kill", "part": "sshd"}, "no such action"),
        ({"action": "kill", "part": ["flume"]}, "no such action"),
        ({"action": "reboot"}, "no such action"),
        ({"action": "cut", "part": ""}, "up --link"),
        ({}, "no such action"),
    ],
)
def test_an_action_that_is_not_offered_is_not_done(server: Server, asked: Any, says: str) -> None:
    status, answer = server.act(asked)
    assert status == 409
    assert says in answer["error"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"kill"', b"\xff\xfe"])
def test_a_body_that_is_no_object_is_refused(server: Server, body: bytes) -> None:
    status, _, _ = server.ask(
        "POST", "/api/v1/actions", body, Content_Type="application/json",
        Origin=f"http://127.0.0.1:{server.port}", X_Lab_Token=server.control.token,
    )  # fmt: skip
    assert status == 400


def test_a_long_body_is_refused_before_it_is_kept(server: Server) -> None:
    status, answer = server.act({"action": "feed", "x": "a" * 10_000})
    assert (status, "4096 bytes" in answer["error"]) == (413, True)


def test_a_page_without_control_does_nothing_even_with_a_token(viewer: Server) -> None:
    status, answer = viewer.act({"action": "kill", "part": "flume"})
    assert (status, "--control" in answer["error"]) == (403, True)
    assert json.loads(viewer.ask(path="/api/v1/state")[2])["control"] == {
        "enabled": False, "actions": [], "why": "",
    }  # fmt: skip


def test_the_token_is_in_no_answer(server: Server) -> None:
    for path in ("/", "/control.js", "/api/v1/state", "/api/v1/history"):
        assert server.control.token.encode() not in server.ask(path=path)[2]


class Client:
    """A reader of the events, in a thread."""

    def __init__(self, port: int) -> None:
        self.numbers: list[int] = []
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            for line in lines:
                if line.startswith(b"id: "):
                    self.numbers.append(int(line[4:]))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def test_thirty_clients_get_every_state_and_one_that_does_not_read_holds_nobody_up(
    viewer: Server,
) -> None:
    silent = socket.create_connection(("127.0.0.1", viewer.port))
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    silent.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    clients = [Client(viewer.port) for _ in range(30)]
    wait_for(lambda: all(client.numbers for client in clients), "all have the first state")
    process = psutil.Process()
    before = process.memory_info().rss
    first = clients[0].numbers[-1]
    for _ in range(150):  # minutes of samples; 6 KB a state do not fit in a silent socket
        number = viewer.put()
        deadline = time.monotonic() + 60
        while not all(client.numbers[-1] == number for client in clients):
            assert time.monotonic() < deadline
            time.sleep(0.002)
    for client in clients:
        assert client.numbers[client.numbers.index(first) :] == list(range(first, number + 1))
    assert process.memory_info().rss - before < 8 << 20
    for client in clients:
        client.close()
    silent.close()


def test_a_client_that_comes_back_gets_the_newest_state_at_once(viewer: Server) -> None:
    number = viewer.put()
    began = time.monotonic()
    client = Client(viewer.port)
    wait_for(lambda: client.numbers == [number], "the newest state")
    assert time.monotonic() - began < HEARTBEAT_SECONDS  # it has not waited for another one
    client.close()


def test_a_server_that_ends_ends_the_streams_and_writes_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "STOP_SECONDS_MAX", 60)
    server = Server(Control(), STATE)
    server.put()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/api/v1/events")
    answer = connection.getresponse()
    assert answer.readline().startswith(b"retry")
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 30  # before the server would break the stream off
    assert answer.read().endswith(b"\n\n")  # the whole stream came, to its last event
    assert caplog.records == []
