"""The known signs of a user's own run, each reported once while the run goes on."""

import time

from flumelab.own.snapshot import take
from flumelab.runtimes.evidence import Evidence
from flumelab.runtimes.runtime import Report
from flumelab.signs import Sign, find

LOOK_SECONDS = 4.0
STILL_SECONDS = 6.0
"""A run ends when no number has changed for 8 s, and Flume's own pauses take up to 5."""


class RunSigns:
    """Looks for signs; `found` has all that were seen, in the order in which they were seen."""

    def __init__(self, evidence: Evidence, report: Report) -> None:
        self._evidence = evidence
        self._report = report
        self._looked = 0.0
        self._found: dict[tuple[str, str], Sign] = {}

    @property
    def found(self) -> list[Sign]:
        """All signs, each with its last numbers."""
        return list(self._found.values())

    def look_at_times(self) -> None:
        """Look, unless the last look was just before."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self.look()

    def look(self) -> None:
        """Ask all parts, and report each sign that is new."""
        for sign in find(take(self._evidence, still_seconds=STILL_SECONDS)):
            if sign.name == "part-ended":  # a program may end, and `run_end` says how it did
                continue
            key = sign.name, sign.place
            if key not in self._found:
                self._report(f"{sign.level}: {sign.sentence}")
            self._found[key] = sign
        self._looked = time.monotonic()
