from __future__ import annotations

import errno
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from loadgen import ledger
from loadgen.errors import LoadgenError
from loadgen.options import parse
from loadgen.outlets import tcp
from loadgen.outlets.tcp import TcpServer
from loadgen.scenarios import Batch
from loadgen.scenarios.access_log import AccessLog
from loadgen.scenarios.orders import Orders
from loadgen.stop_signal import StopSignal

SECONDS = 20  # a test that waits longer has failed


class Lab:
    """A server in its own thread, and its clients."""

    def __init__(self, directory: Path, threads: ThreadPoolExecutor) -> None:
        self.ledger = directory / "ledger.jsonl"
        self.stop = StopSignal()
        self.said: list[str] = []
        self.server = self.another("tcp://127.0.0.1:0")
        self._threads = threads

    def another(self, url: str) -> TcpServer:
        to = parse(["--to", url, "--ledger", str(self.ledger)]).to
        return TcpServer(to, self.ledger, self.stop, self.said.append)

    def start(self, *batches: Batch) -> Future[list[str]]:
        def run() -> list[str]:
            try:
                self.server.recover()
                return [self.server.publish(batch, "orders") for batch in batches]
            finally:
                self.server.close()

        running = self._threads.submit(run)
        wait_until(lambda: bool(self.said) or running.done())
        return running

    def client(self) -> socket.socket:
        port = int(self.said[0].rpartition(":")[2])
        return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def request_stop(self) -> None:
        self.stop.received = "SIGTERM"
        os.write(self.stop._woken, b"x")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with ThreadPoolExecutor(1) as threads:
        lab = Lab(tmp_path, threads)
        yield lab
        lab.request_stop()  # after a failure, too, no thread may wait for ever


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.002)


def read_all(client: socket.socket) -> bytes:
    with client, client.makefile("rb") as lines:
        return lines.read()


def test_a_client_gets_the_lines_that_the_ledger_has(lab: Lab) -> None:
    orders = Orders(1, 0.1)
    batches = [orders.generate(50), orders.generate(70)]
    running = lab.start(*batches)
    assert lab.said[0].startswith("waiting for a client at tcp://127.0.0.1:")
    assert ledger.read(lab.ledger) == []
    assert read_all(lab.client()) == batches[0].data + batches[1].data
    assert running.result(SECONDS) == ["orders-000001.log", "orders-000002.log"]
    entries = [(entry.name, entry.lines, entry.events) for entry in ledger.read(lab.ledger)]
    assert entries == [
        ("orders-000001.log", 50, batches[0].events),
        ("orders-000002.log", 70, batches[1].events),
    ]


LARGE = AccessLog(1).generate(100_000)  # 19 MB: more than the two sockets can hold


def test_the_entry_is_in_the_ledger_before_the_first_byte_is_sent(lab: Lab) -> None:
    running = lab.start(LARGE)
    with lab.client() as client:
        assert client.recv(1)
        assert not running.done()
        assert [entry.lines for entry in ledger.read(lab.ledger)] == [100_000]
        assert len(read_all(client)) == len(LARGE.data) - 1
    running.result(SECONDS)


def test_the_next_client_continues_with_a_whole_line(lab: Lab) -> None:
    running = lab.start(LARGE)
    with lab.client() as first:
        assert first.makefile("rb").read(1000) == LARGE.data[:1000]
    rest = read_all(lab.client())
    running.result(SECONDS)
    assert lab.said[1:] == ["the client disconnected; waiting for the next one"]
    assert 0 < len(rest) < len(LARGE.data)
    assert LARGE.data.endswith(b"\n" + rest)


def test_a_request_to_stop_ends_the_wait_for_a_client(lab: Lab) -> None:
    running = lab.start()
    lab.request_stop()
    assert running.result(SECONDS) == []
    assert ledger.read(lab.ledger) == []


def test_a_client_that_reads_no_more_is_given_up_in_the_end(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "GRACE_SECONDS", 0.1)
    running = lab.start(LARGE)
    with lab.client() as client:
        assert client.recv(1)
        lab.request_stop()
        unsent = r": the client reads no more, and [\d,]+ lines of the ledger were not sent; start"
        with pytest.raises(LoadgenError, match=rf"^tcp://127.0.0.1:0{unsent}"):
            running.result(SECONDS)


def test_a_stop_without_a_client_reports_what_was_not_sent(lab: Lab) -> None:
    running = lab.start(LARGE)
    with lab.client() as client:
        assert client.recv(1)
    wait_until(lambda: len(lab.said) == 2)
    lab.request_stop()
    with pytest.raises(LoadgenError, match=r": no client is connected, and \d\d,\d{3} lines of t"):
        running.result(SECONDS)


@pytest.mark.parametrize(
    ("host", "number"), [("127.0.0.1", errno.EADDRINUSE), ("203.0.113.1", errno.EADDRNOTAVAIL)]
)
def test_an_unusable_address_is_reported_on_one_line(lab: Lab, host: str, number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"tcp://{host}:{taken.getsockname()[1]}"
        remedy = "give an address of this machine and a free port with --to"
        expected = rf"^{re.escape(f'{url}: {os.strerror(number)}')}[^\n]*; {remedy}$"
        with pytest.raises(LoadgenError, match=expected):
            lab.another(url).recover()
