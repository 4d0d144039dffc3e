"""``format("flume")`` by Spark Connect: the source runs in the server, not in the client."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.at_once import at_once
from tests.support.avro_client import OK, AvroClient, append_batch, handshake, lines
from tests.support.ports import free_port
from tests.support.spark import PROGRAMS, Program, environment
from tests.support.waiting import accepts

for needed in ("grpc", "grpc_status", "pandas", "google.rpc"):
    pytest.importorskip(needed, reason=f"needs pyspark-flume[connect], which brings {needed}")

EVENTS = 300
LOCAL_SERVER_PORT = 15002  # a client that starts its server cannot choose another one
SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
PYTHON = environment(PYSPARK_PYTHON=sys.executable)


def read(remote: str, folder: Path) -> dict[str, Any]:
    """What a client finds while events are sent to the query's own receiver."""
    port = free_port()
    job = {
        "remote": remote,
        "options": {"landing": str(folder / "landing"), "port": str(port), "host": "127.0.0.1"},
        "checkpoint": str(folder / "checkpoint"),
        "events": EVENTS,
    }
    command = [sys.executable, str(PROGRAMS / "read_by_connect.py"), json.dumps(job)]
    client = Program(command, folder / "client", PYTHON)
    try:
        client.wait_for(lambda: accepts(port), "the query listens")
        with AvroClient(port) as sink:
            sink.call(handshake())
            for first in range(0, EVENTS, 10):
                batch = lines(*(f"{number:03d}" for number in range(first, first + 10)))
                assert sink.call(append_batch(batch)) == OK
        client.wait_for(lambda: client.stdout.read_text().endswith("\n"), "the client counts")
    finally:
        client.kill()
    found: dict[str, Any] = json.loads(client.stdout.read_text())
    return found


def check(found: dict[str, Any]) -> None:
    each_once = [f"{number:03d}" for number in range(EVENTS)]
    assert found["query"] == each_once
    assert found["log"] == each_once
    assert found["imported"] == [], "a client without the wheel can do the same"
    assert 'spark.readStream.format("flume")' in found["refusal"]
    assert "\n" not in found["refusal"]


@pytest.fixture(scope="module", autouse=True)
def jar(installed_jar: Path) -> None:
    """Both need the receiver."""


@at_once
def test_a_client_of_a_local_server_counts_each_event_of_a_query_that_listens(
    folder: Path,
) -> None:
    if accepts(LOCAL_SERVER_PORT):
        pytest.skip(f"port {LOCAL_SERVER_PORT} is in use")
    check(read("local[2]", folder))


@at_once
def test_a_client_of_a_server_on_another_port_counts_each_event(folder: Path) -> None:
    port = free_port()
    command = ["spark-submit", "--class", SERVER, "--master", "local[2]"]
    conf = ["--conf", f"spark.connect.grpc.binding.port={port}", "--conf", "spark.ui.enabled=false"]
    server = Program([*command, *conf, "spark-internal"], folder / "server", PYTHON)
    try:
        server.wait_for(lambda: accepts(port), "the server listens")
        check(read(f"sc://127.0.0.1:{port}", folder))
    finally:
        server.kill()
