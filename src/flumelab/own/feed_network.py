"""Sends a log to a source that listens on a port, and waits while its channel is full."""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from flumelab.errors import LabError
from flumelab.own.adapt import ANY_ADDRESS, LOCALHOST
from flumelab.own.conf import Component
from flumelab.own.inputs import LogFile

SEND_SECONDS_MAX = 60
LISTEN_SECONDS_MAX = 30
FULL_SECONDS_MAX = 60
POLL_SECONDS = 0.2
HTTP_BATCH = 100  # events a request: Flume's default transactionCapacity
TRIES = 3  # before a request gets smaller
UNAVAILABLE = 503  # what the http source answers while its channel has no room
NETCAT_LINE_BYTES = 512  # its default max-line-length
TOO_LONG = b"FAILED: Event exceeds"


def to_netcat(source: Component, files: Sequence[LogFile]) -> None:
    """Send each line, and wait for its answer. Raises `LabError` or `OSError`."""
    longest = int(source.settings.get("max-line-length", NETCAT_LINE_BYTES))
    answers = source.settings.get("ack-every-event", "true").lower() == "true"
    with _connected(source) as connection, connection.makefile("rb") as replies:
        for file in files:
            for number, line in enumerate(file.lines(), 1):
                if len(line) >= longest:
                    raise LabError(
                        f"{file.path}, line {number} has {len(line)} bytes, and the netcat source "
                        f"accepts fewer than {longest}; set {source.prefix}max-line-length"
                    )
                if not answers:
                    connection.sendall(line + b"\n")
                elif (reply := _answer(connection, replies, line)) != b"OK":
                    said = reply.decode(errors="replace") or "it closed the connection"
                    raise LabError(
                        f"source {source.name} refused line {number}: {said}; see Flume's log"
                    )


def _answer(connection: socket.socket, replies: BinaryIO, line: bytes) -> bytes:
    """Send a line to a netcat source until its channel has room for it; return the last answer."""
    deadline = time.monotonic() + FULL_SECONDS_MAX
    while True:
        connection.sendall(line + b"\n")
        reply = replies.readline().strip()
        full = reply.startswith(b"FAILED") and not reply.startswith(TOO_LONG)
        if not full or time.monotonic() > deadline:
            return reply
        time.sleep(POLL_SECONDS)


def to_syslog(source: Component, files: Sequence[LogFile]) -> None:
    """Send each line as a message of syslog, which nobody answers. Raises `OSError`."""
    with _connected(source) as connection:
        for file in files:
            for line in file.lines():
                connection.sendall(b"<13>" + line + b"\n")


def to_http(source: Component, files: Sequence[LogFile]) -> None:
    """Post the lines as JSON. Raises `LabError` or `OSError`."""
    import requests  # takes a tenth of a second

    _connected(source).close()
    url = "http://{}:{}".format(*_address(source))
    lines, size = chain.from_iterable(file.lines() for file in files), HTTP_BATCH
    events: list[dict[str, object]] = []
    refused, deadline = 0, time.monotonic() + FULL_SECONDS_MAX
    while events := events + _events(lines, size - len(events)):
        answer = requests.post(
            url,
            data=json.dumps(events[:size]),
            headers={"Content-Type": "application/json; charset=UTF-8"},
            timeout=SEND_SECONDS_MAX,
        )
        if answer.ok:
            events = events[size:]
            refused, deadline = 0, time.monotonic() + FULL_SECONDS_MAX
        elif answer.status_code == UNAVAILABLE and time.monotonic() < deadline:
            refused += 1
            if refused % TRIES == 0:  # the channel's transactionCapacity may be smaller
                size = max(1, size // 2)
            time.sleep(POLL_SECONDS)
        else:
            raise LabError(
                f"source {source.name} refused events: {answer.status_code}; see Flume's log"
            )


def _events(lines: Iterator[bytes], number: int) -> list[dict[str, object]]:
    wanted = islice(lines, max(0, number))
    return [{"headers": {}, "body": line.decode("utf-8", "replace")} for line in wanted]


def _connected(source: Component) -> socket.socket:
    """Connect once the source listens: Flume starts its parts one after the other."""
    deadline = time.monotonic() + LISTEN_SECONDS_MAX
    while True:
        try:
            return socket.create_connection(_address(source), timeout=SEND_SECONDS_MAX)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def _address(source: Component) -> tuple[str, int]:
    host = source.settings.get("bind") or source.settings.get("host") or LOCALHOST
    port = source.settings.get("port") or source.settings.get("ports", "").split()[0]
    return (LOCALHOST if host in ANY_ADDRESS else host), int(port)
