"""flume-conf/syslog.conf in a real agent: what it has taken survives a kill."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.support.flume import Collector, FlumeAgent
from tests.support.ports import free_port
from tests.support.waiting import accepts, wait_for

CONF = "syslog.conf"
MESSAGES = [f"<13>Nov 28 10:00:00 web-1 shop: order {number}" for number in range(500)]


def test_what_the_agent_has_taken_survives_a_kill_while_the_receiver_is_away(
    tmp_path: Path,
) -> None:
    away, port = free_port(), free_port()
    agent = FlumeAgent(tmp_path, CONF, away, FLUME_SYSLOG_PORT=str(port))
    try:
        agent.wait_for(lambda: accepts(port), "the source listens")
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall("".join(f"{message}\n" for message in MESSAGES).encode())
        agent.wait_for(
            lambda: agent.counters().get("CHANNEL.buffer", {}).get("ChannelSize") == "500",
            "all messages are in the channel",
        )
    finally:
        agent.kill()

    collector = Collector(away)
    agent = FlumeAgent(tmp_path, CONF, away, FLUME_SYSLOG_PORT=str(port))
    try:
        wait_for(lambda: len(collector.events) >= len(MESSAGES), "all messages arrive")
        agent.wait_for(agent.has_sent_all, "the channel is empty")
    finally:
        agent.kill()
        collector.end()

    assert sorted(body.decode() for _, body in collector.events) == sorted(MESSAGES)
