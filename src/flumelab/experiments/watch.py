"""Looks at the lab ten times a second and notes what has moved."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flumelab import flume_metrics
from flumelab.experiments.evidence import Evidence
from flumelab.experiments.micro_batches import Notes
from flumelab.ledger import RECEIVED, Metrics
from flumelab.page.generator_files import GeneratorLedger
from flumelab.settings import Settings

POLL_SECONDS = 0.1
CHANNEL_SIZE = "ChannelSize"


@dataclass
class Counts:
    """The newest numbers. `received` adds up all runs of the agent; `fill` is the channel's."""

    generated: int = 0
    received: int = 0
    counted: int = 0
    fill: int = 0


class Watch:
    """A thread that looks until it is stopped."""

    def __init__(self, settings: Settings, state: Path, notes: Path, evidence: Evidence) -> None:
        self.counts = Counts()
        self.notes = Notes(notes)
        self._port, self._evidence = settings.metrics_port, evidence
        self._ledger = GeneratorLedger(state / "ledger.jsonl")
        self._runs: list[int] = [0]
        """The counter of each run of the agent."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look a last time, and end."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            self.look()
        self.look()

    def look(self) -> None:
        """Ask every part, and note what has moved."""
        self._look_at_the_generator()
        self._look_at_flume(flume_metrics.current_run(self._port))
        for note in self.notes.read():
            if note["kind"] == "batch":
                self.counts.counted += sum(note["keys"].values())

    def _look_at_the_generator(self) -> None:
        before = self._ledger.lines
        self._ledger.read()
        if self._ledger.lines > before:
            lines = [[before + 1, self._ledger.lines]]
            self._evidence.note("file", lines=lines)
        self.counts.generated = self._ledger.lines

    def _look_at_flume(self, metrics: Metrics) -> None:
        kind, counter = RECEIVED
        channels = [its for name, its in metrics.items() if name.startswith(f"{kind}.")]
        if not channels:
            return
        now = sum(int(its.get(counter, 0)) for its in channels)
        self.counts.fill = sum(int(its.get(CHANNEL_SIZE, 0)) for its in channels)
        if now < self._runs[-1]:
            self._runs.append(0)
        new = now - self._runs[-1]
        self._runs[-1] = now
        if new > 0:
            total = sum(self._runs)
            self._evidence.note("put", new=new, total=total, fill=self.counts.fill)
        self.counts.received = sum(self._runs)


def wait(ready: Callable[[], bool], seconds: float, poll: float = POLL_SECONDS) -> bool:
    """Wait until something is true; false if it is not after this time."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll)
    return True
