"""How many connections a receiver admits, and what the log says of the others."""

from __future__ import annotations

import pytest
from pyspark_flume.ingest.open_connections import OpenConnections


def test_a_connection_over_the_limit_is_refused_until_another_one_is_closed() -> None:
    connections: OpenConnections[str] = OpenConnections(2)
    assert connections.admit("a", "peer a")
    assert connections.admit("b", "peer b")

    assert not connections.admit("c", "peer c")
    assert "c" not in connections
    connections.discard("a")

    assert connections.admit("c", "peer c")
    assert sorted(connections) == ["b", "c"]
    assert len(connections) == 2


def test_of_refusals_in_a_row_the_log_has_the_first(caplog: pytest.LogCaptureFixture) -> None:
    connections: OpenConnections[int] = OpenConnections(1)
    for number in range(4):
        connections.admit(number, f"peer {number}")
    connections.discard(0)
    connections.admit(5, "peer 5")
    connections.admit(6, "peer 6")

    said = [record.getMessage() for record in caplog.records]
    assert [text.split(" refused: ")[0] for text in said] == ["peer 1", "peer 6"]
    assert said[0].endswith("1 connections are open, which is the limit; raise maxConnections")


def test_connections_may_be_closed_while_they_are_visited() -> None:
    connections: OpenConnections[int] = OpenConnections(10)
    for number in range(10):
        connections.admit(number, "peer")
    for number in connections:
        connections.discard(number)

    assert len(connections) == 0
