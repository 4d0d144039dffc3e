"""Ports for the tests that neither another test nor an outgoing connection can take meanwhile.

They are below those that Linux uses for outgoing connections, and no port is handed out twice. The
two groups of tests that run at the same time have ranges of their own.
"""

import os
import random
import socket
import threading
from collections.abc import Iterator

COUNT = 6_000
FIRST = {"aside": 20_000}.get(os.environ.get("GROUP", ""), 26_000)


def _ports() -> Iterator[int]:
    start = random.randrange(COUNT)
    for number in range(COUNT):
        port = FIRST + (start + number) % COUNT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


_left = _ports()
_one_thread = threading.Lock()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with _one_thread:
        return next(_left)


def free_ports(count: int) -> list[int]:
    """Return that many free ports."""
    return [free_port() for _ in range(count)]
