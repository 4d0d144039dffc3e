"""The interface of every outlet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from loadgen.scenarios import Batch


@dataclass
class Recovered:
    """What was cleaned up after killed processes.

    How many temporary files were `published` or `removed`, and `torn` bytes cut off the ledger.
    """

    published: int = 0
    removed: int = 0
    torn: int = 0


class Outlet(Protocol):
    """Delivers batches; each is in the ledger before its first line is sent.

    Every method raises LoadgenError.
    """

    def recover(self) -> Recovered:
        """Clean up after a crash and reach the destination; call it before the first `publish`."""

    def publish(self, batch: Batch, stem: str) -> str:
        """Send the batch and return its name in the ledger, STEM-NUMBER.log.

        ValueError for a batch without a line.
        """

    def close(self) -> None:
        """Disconnect from the destination."""
