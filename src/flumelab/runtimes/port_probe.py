"""Ports of this host: whether a process listens, and which ports are free."""

import socket

from flumelab.errors import LabError
from flumelab.settings import LOOPBACK, Port


def answers(port: int) -> bool:
    """Whether a process listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def can_be_bound(port: int) -> bool:
    """Whether a server could listen on a port; one that a program has just left is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def require_unused(port: Port) -> None:
    """Raise `LabError`, with the variable that sets it, if a process listens on the port."""
    if answers(port.number):
        raise LabError(
            f"port {port.number} is in use; end what listens there or set {port.variable}"
            " to a free port"
        )


def free_port() -> int:
    """Return a port that nothing uses at this moment."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])
