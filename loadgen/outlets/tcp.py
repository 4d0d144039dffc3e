"""Serve lines over TCP, for clients such as Spark's `socketTextStream`.

One client is served at a time, and nothing is sent before it has connected. When it disconnects,
the next client gets the lines from the first one that was not sent whole. Lines that were sent but
not read by then are lost, because TCP does not report them; the ledger has them, so the loss shows
in the counts. A client that closes its sending side counts as disconnected.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from pathlib import Path

from loadgen.errors import LoadgenError, os_errors_at
from loadgen.options import Destination
from loadgen.outlets.outlet import Recovered
from loadgen.outlets.sent_ledger import SentLedger
from loadgen.scenarios import Batch
from loadgen.stop_signal import StopSignal

SEND_BYTES = 1 << 16
GRACE_SECONDS = 5.0  # for a client to read the rest before loadgen ends


class TcpServer:
    """A server that clients connect to; `close` it."""

    def __init__(
        self, to: Destination, ledger: Path, stop: StopSignal, say: Callable[[str], None]
    ) -> None:
        self._to = to
        self._ledger = SentLedger(ledger)
        self._stop = stop
        self._say = say
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None

    def recover(self) -> Recovered:
        """Listen, and wait for a client or for a signal to stop."""
        recovered = self._ledger.recover()
        with os_errors_at(
            self._to.url, "give an address of this machine and a free port with --to"
        ):
            self._listener = _listener(self._to["host"].strip("[]"), int(self._to["port"]))
        port = self._listener.getsockname()[1]
        self._say(f"waiting for a client at tcp://{self._to['host']}:{port}")
        self._accept()
        return recovered

    def publish(self, batch: Batch, stem: str) -> str:
        with self._ledger.recorded(batch, stem) as name:
            pass  # sending may take long, and other processes must not wait for the ledger
        done = 0
        while done < len(batch.data):
            if not self._client:
                self._say("the client disconnected; waiting for the next one")
                if not self._accept():
                    raise self._unsent("no client is connected", batch, done)
            done = self._send(batch, done)
        return name

    def close(self) -> None:
        """End the stream, and give the client `GRACE_SECONDS` to read it to its end."""
        if self._client:
            self._client.settimeout(GRACE_SECONDS)
            try:
                self._client.shutdown(socket.SHUT_WR)
                while self._client.recv(SEND_BYTES):
                    pass  # closing with unread input would discard what is on its way
            except OSError:
                pass  # it disconnected, or does not read: nothing more can be done for it
            self._client.close()
        if self._listener:
            self._listener.close()

    def _accept(self) -> bool:
        """Wait for a client; return False if a signal to stop comes first."""
        assert self._listener
        waking: list[socket.socket | StopSignal] = [self._listener, self._stop]
        while not self._stop.received:
            ready, _, _ = select.select(waking, [], [])
            if self._listener in ready:
                self._client, _ = self._listener.accept()
                self._client.setblocking(False)
                return True
        return False

    def _send(self, batch: Batch, done: int) -> int:
        """Send the batch from byte `done` on; return how many bytes are done then.

        If the client disconnects meanwhile, they end with a whole line.
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
        """Wait until the client can be sent to. Raises ConnectionError if it has disconnected."""
        assert self._client
        while True:
            stopping = self._stop.received is not None
            waking: list[socket.socket | StopSignal] = [self._client]
            waking += [] if stopping else [self._stop]
            grace = GRACE_SECONDS if stopping else None
            readable, writable, _ = select.select(waking, [self._client], [], grace)
            if self._client in readable and not self._client.recv(SEND_BYTES):
                raise ConnectionResetError
            if writable:
                return
            if stopping and not readable:
                raise self._unsent("the client reads no more", batch, sent)

    def _unsent(self, fact: str, batch: Batch, sent: int) -> LoadgenError:
        left = batch.lines - batch.data.count(b"\n", 0, sent)
        return LoadgenError(
            self._to.url,
            f"{fact}, and {left:,} lines of the ledger were not sent",
            "start over",
        )


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
