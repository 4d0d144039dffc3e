"""Ports for the tests: none that another test, or anyone's outgoing connection, can have meanwhile.

They are below those that Linux gives to outgoing connections, and each of pytest's processes has a
range of its own, from which none comes twice.
"""

import os
import random
import socket
from collections.abc import Iterator

FIRST, COUNT = 20_000, 6_000


def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = random.randrange(COUNT)
    for number in range(COUNT):
        port = FIRST + COUNT * (worker % 2) + (start + number) % COUNT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


_left = _ports()


def free_port() -> int:
    """One that nothing listens on."""
    return next(_left)


def free_ports(count: int) -> list[int]:
    """So many."""
    return [free_port() for _ in range(count)]
