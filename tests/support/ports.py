"""Ports for the tests: none that another test, or anyone's outgoing connection, can have meanwhile.

They are below those that Linux gives to outgoing connections, and none comes twice.
"""

import random
import socket
from collections.abc import Iterator

FIRST, COUNT = 20_000, 12_000


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


def free_port() -> int:
    """One that nothing listens on."""
    return next(_left)


def free_ports(count: int) -> list[int]:
    """So many."""
    return [free_port() for _ in range(count)]
