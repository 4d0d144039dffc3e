"""Flume's counters over all runs of the agent, and the channels' fill now."""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flumelab.ledger import Metrics
from flumelab.page.http_json import JsonServer, NotFound, NotThere
from flumelab.page.state import Fill

CAPACITY_UNLIMITED = 2**31 - 1
"""A channel that hands batches over, and has no limit of its own, gives this capacity."""
FRESH_SECONDS = 3.0
"""An agent that runs writes its file every second, also one that nobody can reach."""


@dataclass(frozen=True)
class FlumeReading:
    """The counters of one agent.

    :param runs: the metrics of each run, the oldest first
    :param current: those of the run that answers now; of one that only writes its file, what it
        wrote last; empty if there is none
    :param answers: whether the agent answers
    """

    runs: tuple[Metrics, ...] = ()
    current: Metrics = field(default_factory=dict)
    answers: bool = False

    def total(self, component: str, counter: str) -> int:
        """Return a counter's sum over all runs, such as ``SINK.spark``'s."""
        return sum(_number(run.get(component, {}), counter) for run in self.runs)

    def now(self, component: str, counter: str) -> int:
        """Return a counter's value in the current run; 0 if there is none."""
        return _number(self.current.get(component, {}), counter)

    def handed(self) -> int:
        """Return the events in channels that store nothing: their source has not accepted them."""
        return sum(
            _number(counters, "ChannelSize")
            for counters in self.current.values()
            if _number(counters, "ChannelCapacity") >= CAPACITY_UNLIMITED
        )

    def hands_over(self, hop: str) -> bool:
        """Whether a hop is a channel that stores nothing."""
        kind, _, name = hop.partition(":")
        fill = self.fill(name) if kind == "channel" else None
        return fill is not None and fill.capacity >= CAPACITY_UNLIMITED

    def fill(self, channel: str) -> Fill | None:
        """Return how full a channel is; None if no agent runs."""
        counters = self.current.get(f"CHANNEL.{channel}")
        if not counters:
            return None
        return Fill(_number(counters, "ChannelSize"), _number(counters, "ChannelCapacity"))


class FlumeCounters:
    """Reads the counters of an agent, from HTTP and from the files of its earlier runs.

    The agent writes the file of its current run once a second (see MetricsFile in connector/java).
    """

    def __init__(self, server: JsonServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._files: dict[Path, tuple[int, int, Metrics]] = {}

    def read(self, runs_now: bool = True) -> FlumeReading:
        """Ask the agent. The file of a run that answers is older than its answer.

        :param runs_now: False: the agent does not run, so another one may have its port
        """
        current: Metrics = {}
        if runs_now:
            with contextlib.suppress(NotThere, NotFound):
                current = self._server.get("/metrics")
        files = sorted(self._read_files(), key=lambda run: run[1])
        runs = [metrics for _, _, metrics in files]
        if current:
            runs[-1:] = [current]
            return FlumeReading(tuple(runs), current, answers=True)
        if files and time.time() - files[-1][0] / 1e9 < FRESH_SECONDS:
            current = runs[-1]
        return FlumeReading(tuple(runs), current)

    def _read_files(self) -> list[tuple[int, int, Metrics]]:
        kept = {}
        for path in self._folder.glob("*.json") if self._folder.is_dir() else ():
            try:
                changed = path.stat().st_mtime_ns
                known = self._files.get(path)
                if not known or known[0] != changed:
                    run = json.loads(path.read_text())
                    known = (changed, int(run["started"]), run["metrics"])
                kept[path] = known
            except (OSError, ValueError, KeyError):
                continue  # the agent replaces it just now
        self._files = kept
        return list(kept.values())


def last_written(folder: Path) -> float:
    """Return when an agent has last written its counters here, other than at its end; 0: never."""
    newest, written = None, 0.0
    for path in folder.glob("*.json"):
        with contextlib.suppress(OSError):
            if (changed := path.stat().st_mtime) > written:
                newest, written = path, changed
    if newest is None:
        return 0.0
    try:
        return 0.0 if json.loads(newest.read_text()).get("final") else written
    except (OSError, ValueError):
        return written  # it is being replaced


def _number(counters: Mapping[str, object], name: str) -> int:
    try:
        return int(str(counters.get(name, 0)))
    except ValueError:
        return 0
