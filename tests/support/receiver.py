"""A receiver as a process, and the contents of its landing log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from pyspark_flume.events.record import decode_events, encode_event
from pyspark_flume.landing import Landing, disk

from tests.support.avro_client import OK, AvroClient, append_batch, handshake
from tests.support.spark import Program, environment, free_port

Event = tuple[dict[str, str], bytes]

MAIN = """
import sys
from pyspark_flume.ingest import receiver
from pyspark_flume.receiver import main
{patch}
sys.exit(main(sys.argv[1:]))
"""


class ReceiverProgram(Program):
    """``python -m pyspark_flume.receiver``; `patch` is Python that changes a limit first."""

    def __init__(self, folder: Path, *flags: str, patch: str = "", port: int = 0) -> None:
        self.landing = folder / "landing" if "--landing" not in flags else Path()
        self.port = port or free_port()
        where = () if "--landing" in flags else ("--landing", str(self.landing))
        arguments = [*where, "--port", str(self.port), "--host", "127.0.0.1", *flags]
        command = [sys.executable, "-c", MAIN.format(patch=patch), *arguments]
        super().__init__(command, folder, environment())

    def __enter__(self) -> ReceiverProgram:
        self.wait_for_log("listens on")
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def client(self, compress: bool = False) -> AvroClient:
        return AvroClient(self.port, compress)

    def stores(self, *events: bytes) -> bool:
        """Send a batch from a new client; return whether it is answered OK."""
        with self.client() as client:
            return client.call(handshake() + append_batch(events)).endswith(OK)

    def said_of(self, client: AvroClient) -> list[str]:
        """Return its log lines about a client, except the line that the client has connected."""
        host, port = client.socket.getsockname()
        return [x for x in self.log_lines(f"{host}:{port} ") if not x.endswith(" connected")]

    def end(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        return self.process.wait(10)


class Gate:
    """Replaces the log's fdatasync: counts the calls, and holds them while `open` is not set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.open = threading.Event()
        self.open.set()
        self._fdatasync = disk.fdatasync
        monkeypatch.setattr(disk, "fdatasync", self)

    def __call__(self, descriptor: int) -> None:
        self.calls += 1
        assert self.open.wait(20)
        self._fdatasync(descriptor)


def stored(landing: Path) -> list[Event]:
    log = Landing(landing)
    blocks = log.blocks(log.earliest(), log.latest())
    return [event for block in blocks for event in decode_events(bytes(block.items))]


def bodies(landing: Path) -> list[bytes]:
    return [body for _, body in stored(landing)]


def line_event(file: str, start: int, end: int) -> bytes:
    """Make an event like the plugin's deserializer; its body tells the file and the offset."""
    headers = {"file": file, "offset": str(start), "end": str(end)}
    return encode_event(headers, f"{file}@{start}".encode())


def lines_of(file: str, edges: Iterable[int]) -> list[bytes]:
    """Make the events of a file whose lines begin and end at `edges`."""
    return [line_event(file, *place) for place in pairwise(edges)]
