"""A real Flume agent, and a receiver for it that keeps all events in the order of arrival."""

import os
import socketserver
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from pyspark_flume.avroipc.push_connection import PushConnection
from pyspark_flume.events.event_positions import scan_events
from pyspark_flume.events.record import decode_events

from flumelab.runtimes.class_data_sharing import QUICK_JVM
from tests.support.spark import ROOT, Program, free_port

FLUME_HOME = ROOT / "runtimes" / "flume" / "target" / "flume"
Event = tuple[dict[str, str], bytes]


def pull_exactly_once(folder: Path) -> str:
    """Write a conf with exactly-once.conf's source and channel, and pull.conf's sink."""
    mark = "# --- sink"
    durable, pull = (
        (ROOT / "flume-conf" / name).read_text().split(mark)
        for name in ("exactly-once.conf", "pull.conf")
    )
    conf = folder / "pull-exactly-once.conf"
    conf.write_text(durable[0] + mark + pull[1])
    return str(conf)


class Collector(socketserver.ThreadingTCPServer):
    """A receiver like Spark's that keeps the events in memory, and then answers OK."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Client)
        self.events: list[Event] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def end(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Client(socketserver.BaseRequestHandler):
    server: Collector

    def handle(self) -> None:
        connection = PushConnection(scan_events)
        while data := self.request.recv(1 << 18):
            for call in connection.receive_data(data):
                if call.events:
                    self.server.events += decode_events(bytes(call.events.data))
                self.request.sendall(connection.answer(call, stored=True))


class FlumeAgent(Program):
    """An agent with its own folders, run by flume-conf/agent."""

    def __init__(self, directory: Path, conf: str, sink_port: int, **environment: str) -> None:
        if not (FLUME_HOME / "lib").is_dir():
            pytest.skip(f"{FLUME_HOME} is missing: mvn -f runtimes/pom.xml package")
        self.spool, self.metrics = directory / "spool", directory / "metrics"
        self.spool.mkdir(parents=True, exist_ok=True)
        self.sink_port, self.metrics_port = sink_port, free_port()
        own = {
            "FLUME_HOME": str(FLUME_HOME),
            "FLUME_CONF": str(ROOT / "flume-conf" / conf),
            "FLUME_SPOOL_DIR": str(self.spool),
            "FLUME_CHANNEL_DIR": str(directory / "channel"),
            "FLUME_SINK_PORT": str(sink_port),
            "FLUME_METRICS_PORT": str(self.metrics_port),
            "FLUME_METRICS_DIR": str(self.metrics),
            "FLUME_JAVA_OPTS": f"-Xmx256m {QUICK_JVM}",
            "FLUMELINT": "true",  # has its own tests, and needs a Python each time
        }
        command = [str(ROOT / "flume-conf" / "agent")]
        super().__init__(command, directory, {**os.environ, **own, **environment})

    def feed(self, name: str, data: bytes) -> Path:
        """Write a file elsewhere and rename it into the spool directory."""
        elsewhere = self.directory / name
        elsewhere.write_bytes(data)
        return elsewhere.rename(self.spool / name)

    def counters(self) -> dict[str, dict[str, Any]]:
        """Return its counters; empty before it answers."""
        try:
            answer = requests.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5)
        except requests.ConnectionError:
            return {}
        counters: dict[str, dict[str, Any]] = answer.json()
        return counters

    def has_sent_all(self) -> bool:
        """Whether every file has been read to its end and the channel is empty."""
        read = all(path.suffix == ".COMPLETED" for path in self.spool.glob("[!.]*"))
        return read and self.counters().get("CHANNEL.buffer", {}).get("ChannelSize") == "0"
