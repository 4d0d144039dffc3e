"""The options of a socket to an agent; what the client does is in test_poller.py."""

from __future__ import annotations

import socket

import pytest
from pyspark_flume.ingest import spark_sink_client

from tests.support.other_system import imported_on


def test_macos_has_another_name_for_the_silence_before_a_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    idle, interval, probes = spark_sink_client.KEEPALIVE.items()
    monkeypatch.delattr(socket, "TCP_KEEPIDLE", raising=False)
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", 0x10, raising=False)

    mac = imported_on("darwin", spark_sink_client, monkeypatch)

    assert list(mac.KEEPALIVE.items()) == [(0x10, idle[1]), interval, probes]
