"""Serves lines on a port to which the user's program connects, as `nc -lk PORT` would.

It runs in the driver, so that it listens before the program's stream or query connects. The lab
moves a file into the server's folder; each file is sent to all clients that are connected.
"""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from flumelab.own.inputs import LogFile
from flumelab.settings import LOOPBACK

CHUNK_LINES = 1_000
SETTLE_SECONDS = 2.0
"""A program with several queries connects once for each, one after the other."""
POLL_SECONDS = 0.1


class LineServer(threading.Thread):
    """Sends the files of a folder to those who connect to a port; `lines` were sent so far."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(daemon=True)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.lines = 0
        self._server = socket.create_server((LOOPBACK, port))
        self._server.setblocking(False)
        self.port = int(self._server.getsockname()[1])
        self._clients: list[socket.socket] = []
        self._settled = 0.0
        self._closed = threading.Event()

    @property
    def clients(self) -> int:
        """The number of connections that are open."""
        return len(self._clients)

    def run(self) -> None:
        """Serve until the process ends, or `close` is called."""
        while not self._closed.wait(POLL_SECONDS):
            for file in sorted(self.folder.glob("[!.]*")):
                for chunk in _chunks(file):
                    self._send(chunk)
                file.unlink()
            self._look()
        self._server.close()

    def close(self) -> None:
        """Stop to listen."""
        self._closed.set()
        self.join()

    def _send(self, lines: list[bytes]) -> None:
        """Send whole lines to each client, once there is one and no other has come meanwhile."""
        data = b"".join(line + b"\n" for line in lines)
        while True:
            self._look()
            if self._clients and time.monotonic() > self._settled:
                break
            if self._closed.wait(POLL_SECONDS):
                return
        for client in list(self._clients):
            try:
                client.sendall(data)
            except OSError:
                self._clients.remove(client)
        self.lines += len(lines)

    def _look(self) -> None:
        """Accept new clients, and forget those that are gone."""
        self._clients = [client for client in self._clients if not _is_closed(client)]
        while True:
            try:
                client, _ = self._server.accept()
            except BlockingIOError:
                return
            client.setblocking(True)
            self._clients.append(client)
            self._settled = time.monotonic() + SETTLE_SECONDS


def served(port: int, folder: Path) -> LineServer | None:
    """Start a server on a port of this host; None where something listens there already.

    Raises OSError for a port that this user may not have.
    """
    try:
        # No probing connection: `nc -l` would take it for its only client.
        server = LineServer(port, folder)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    server.start()
    return server


def _chunks(file: Path) -> Iterator[list[bytes]]:
    chunk = []
    for line in LogFile(file).lines():
        chunk.append(line)
        if len(chunk) == CHUNK_LINES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
