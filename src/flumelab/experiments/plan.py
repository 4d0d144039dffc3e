"""The faults of an experiment, in their order, each when its count is reached."""

import threading
import time
from collections.abc import Callable

from flumelab.errors import LabError
from flumelab.experiments.evidence import Evidence
from flumelab.experiments.experiment import LINK_VERBS, Fault


class Plan:
    """What has struck and what has not.

    :param strike: does a fault that is not one of the connection
    """

    def __init__(
        self, faults: tuple[Fault, ...], evidence: Evidence, strike: Callable[[Fault], None]
    ) -> None:
        self._left = list(faults)
        self._evidence, self._strike = evidence, strike
        self._lock = threading.Lock()
        self.failed = ""
        """Why a fault could not be done."""

    @property
    def left(self) -> list[Fault]:
        """The faults that have not struck yet."""
        return list(self._left)

    def reached(self, hop: str, count: int) -> list[Fault]:
        """Do what is due at this hop, but for the connection's own faults; return all of these.

        A fault waits for those before it.
        """
        due = []
        while fault := self._next(hop, count):
            due.append(fault)
            if fault.verb not in LINK_VERBS:
                try:
                    self._strike(fault)  # without the lock: a stop waits for batches to pass
                except LabError as error:
                    self.failed = f"{fault} failed: {error}"
        return due

    def _next(self, hop: str, count: int) -> Fault | None:
        with self._lock:
            first = self._left[0] if self._left else None
            if not first or first.at.hop != hop or first.at.lines > count:
                return None
            self._evidence.note(
                "fault", do=str(first), told=first.told, at=str(first.at), day=time.time()
            )
            return self._left.pop(0)
