"""Outlets: where the lines go. One module each, chosen here by the scheme of the address."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from loadgen.options import Rotation
from loadgen.outlets.growing import GrowingLog
from loadgen.outlets.kafka import KafkaTopic
from loadgen.outlets.outlet import Outlet, Recovered
from loadgen.outlets.s3 import S3Bucket
from loadgen.outlets.spool import Spool
from loadgen.outlets.tcp import TcpServer
from loadgen.stop_signal import StopSignal

__all__ = ["Outlet", "Recovered", "outlet_of"]


def outlet_of(given: Namespace, stop: StopSignal, say: Callable[[str], None]) -> Outlet:
    """Return the outlet that the options name; it calls `say` to log what it waits for.

    Raises LoadgenError if it needs a package that is not installed.
    """
    if given.append:
        rotation = given.rotate_by or Rotation.RENAME
        return GrowingLog(given.append, given.ledger, given.rotate_every, rotation)
    if given.to is None:
        return Spool(given.spool, given.ledger)
    if given.to.scheme == "kafka":
        return KafkaTopic(given.to, given.ledger)
    if given.to.scheme == "s3":
        return S3Bucket(given.to, given.ledger)
    return TcpServer(given.to, given.ledger, stop, say)
