"""The link between sink and receiver forwards, is cut, and is mended."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.waiting import accepts, wait_for


class Link:
    """The process, and a server behind it that the test is."""

    def __init__(self, folder: Path) -> None:
        self.behind = socket.create_server(("127.0.0.1", 0))
        self.port = free_port()
        self.cut = folder / "cut"
        command = [sys.executable, "-m", "flumelab.runtimes.link", "--listen", str(self.port)]
        command += ["--to", str(self.behind.getsockname()[1]), "--cut", str(self.cut)]
        self.process = subprocess.Popen(command)

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """Return both ends of a new connection."""
        near = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        far, _ = self.behind.accept()
        far.settimeout(10)
        return near, far


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Link]:
    made = Link(tmp_path)
    try:
        wait_for(lambda: accepts(made.port), "the link listens")
        made.behind.accept()[0].close()  # of the probe
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        made.behind.close()


def test_bytes_pass_both_ways(link: Link) -> None:
    near, far = link.connect()
    near.sendall(b"batch" * 100_000)
    received = b""
    while len(received) < 500_000:
        received += far.recv(1 << 20)
    assert received == b"batch" * 100_000
    far.sendall(b"OK")
    assert near.recv(10) == b"OK"
    far.close()
    assert near.recv(10) == b""
    near.close()


def test_a_cut_ends_connections_and_refuses_new_ones_until_it_is_mended(link: Link) -> None:
    near, far = link.connect()
    link.cut.touch()
    with pytest.raises(ConnectionResetError):
        assert near.recv(10) == b"reset expected"
    wait_for(lambda: not accepts(link.port), "refused while it is cut")
    link.cut.unlink()
    wait_for(lambda: accepts(link.port), "accepted again")
    far.close()


def test_a_receiver_that_is_away_ends_the_sinks_connection(link: Link) -> None:
    link.behind.close()
    near = socket.create_connection(("127.0.0.1", link.port), timeout=10)
    with contextlib.suppress(ConnectionResetError):
        assert near.recv(10) == b""
