"""What every way out offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from loadgen.scenarios import Batch


@dataclass
class Recovered:
    """What processes that died had left: files published and removed, bytes cut off the ledger."""

    published: int = 0
    removed: int = 0
    torn: int = 0


class Outlet(Protocol):
    """Takes batches to whoever reads them; each is in the ledger before its first line is sent.

    Every method raises LoadgenError.
    """

    def recover(self) -> Recovered:
        """Settle what a crash has left and reach the other end; before the first `publish`."""

    def publish(self, batch: Batch, stem: str) -> str:
        """Send the batch and return its name in the ledger, STEM-NUMBER.log.

        ValueError for a batch without a line.
        """

    def close(self) -> None:
        """Let go of the other end."""
