"""Serving lines over TCP, for clients such as Spark's `socketTextStream`, which connect.

One client is served at a time, and nothing is sent before one is there. When it leaves, the next
one gets the lines that follow, from the first that was not wholly handed over; what the client had
not read by then is lost, as TCP tells nobody: the ledger has it, and so the loss shows. A client
that closes its own side has left.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from pathlib import Path

from loadgen.errors import LoadgenError, named
from loadgen.options import Destination
from loadgen.outlets.entries import Entries
from loadgen.outlets.outlet import Recovered
from loadgen.pace import Stop
from loadgen.scenarios import Batch

SEND_BYTES = 1 << 16
GRACE_SECONDS = 5.0  # for a client that has to take the rest, once loadgen is to end


class TcpServer:
    """An address that clients connect to; `close` it."""

    def __init__(
        self, to: Destination, ledger: Path, stop: Stop, say: Callable[[str], None]
    ) -> None:
        self._to = to
        self._entries = Entries(ledger)
        self._stop = stop
        self._say = say
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None

    def recover(self) -> Recovered:
        """Begin to listen, and wait for a client or for the wish to stop."""
        recovered = self._entries.recover()
        with named(self._to.url, "give an address of this machine and a free port with --to"):
            self._listener = _listener(self._to["host"].strip("[]"), int(self._to["port"]))
        port = self._listener.getsockname()[1]
        self._say(f"waiting for a client at tcp://{self._to['host']}:{port}")
        self._accept()
        return recovered

    def publish(self, batch: Batch, stem: str) -> str:
        with self._entries.entered(batch, stem) as name:
            pass  # a client may take its time: others are not to wait for the ledger meanwhile
        done = 0
        while done < len(batch.data):
            if not self._client:
                self._say("the client left; waiting for the next one")
                if not self._accept():
                    raise self._unsent("There is no client", batch, done)
            done = self._send(batch, done)
        return name

    def close(self) -> None:
        """End the stream, and give the client a moment to read it to its end."""
        if self._client:
            self._client.settimeout(GRACE_SECONDS)
            try:
                self._client.shutdown(socket.SHUT_WR)
                while self._client.recv(SEND_BYTES):
                    pass  # closing with something unread would cut off what is on its way
            except OSError:
                pass  # it left, or does not: either way, nothing more can be done for it
            self._client.close()
        if self._listener:
            self._listener.close()

    def _accept(self) -> bool:
        """Wait for a client; False if there is the wish to stop instead."""
        assert self._listener
        waking: list[socket.socket | Stop] = [self._listener, self._stop]
        while not self._stop.signal:
            ready, _, _ = select.select(waking, [], [])
            if self._listener in ready:
                self._client, _ = self._listener.accept()
                self._client.setblocking(False)
                return True
        return False

    def _send(self, batch: Batch, done: int) -> int:
        """Send what follows `done` bytes of the batch; returns how many are done then.

        They end with a line, if the client left meanwhile.
        """
        assert self._client
        data, sent = memoryview(batch.data), done
        try:
            while sent < len(data):
                self._wait_until_it_reads(batch, sent)
                sent += self._client.send(data[sent : sent + SEND_BYTES])
        except ConnectionError:
            self._client.close()
            self._client = None
            return max(done, batch.data.rfind(b"\n", done, sent) + 1)
        return sent

    def _wait_until_it_reads(self, batch: Batch, sent: int) -> None:
        """Raises ConnectionError if the client has left."""
        assert self._client
        while True:
            stopping = self._stop.signal is not None
            waking: list[socket.socket | Stop] = [self._client]
            waking += [] if stopping else [self._stop]
            grace = GRACE_SECONDS if stopping else None
            readable, writable, _ = select.select(waking, [self._client], [], grace)
            if self._client in readable and not self._client.recv(SEND_BYTES):
                raise ConnectionResetError
            if writable:
                return
            if stopping and not readable:
                raise self._unsent("The client takes no more", batch, sent)

    def _unsent(self, fact: str, batch: Batch, sent: int) -> LoadgenError:
        left = batch.lines - batch.data.count(b"\n", 0, sent)
        return LoadgenError(
            self._to.url, f"{fact}, and {left:,} lines of the ledger were not sent", "start anew"
        )


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
