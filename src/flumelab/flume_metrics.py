"""Flume's counters: from HTTP for the current run, from files for earlier runs."""

import json
from collections.abc import Iterable, Mapping

from flumelab.ledger import Metrics
from flumelab.settings import LOOPBACK

HTTP_SECONDS_MAX = 5


def url(port: int) -> str:
    """Return the URL at which an agent answers."""
    return f"http://{LOOPBACK}:{port}/metrics"


def current_run(port: int) -> Metrics:
    """Return the agent's counters now; empty if no agent answers."""
    import requests  # takes a tenth of a second

    try:
        metrics: Metrics = requests.get(url(port), timeout=HTTP_SECONDS_MAX).json()
        return metrics
    except (requests.RequestException, ValueError):
        return {}


def moved(port: int) -> Mapping[str, Mapping[str, float]]:
    """Return when each counter has last changed, in seconds since 1970; see CounterTimes.java.

    Empty if no agent answers, or if it is not the lab's.
    """
    import requests  # takes a tenth of a second

    try:
        times = requests.get(url(port).replace("metrics", "moved"), timeout=HTTP_SECONDS_MAX).json()
    except (requests.RequestException, ValueError):
        return {}
    return {
        component: {counter: millis / 1000 for counter, millis in its.items()}
        for component, its in times.items()
    }


def is_connected(port: int) -> bool:
    """Whether the agent answers and one of its sinks has found its receiver."""
    counters_by_name = current_run(port)
    sinks = [counters for name, counters in counters_by_name.items() if name.startswith("SINK.")]
    return any(int(sink["ConnectionCreatedCount"]) > 0 for sink in sinks)


def all_runs(files: Iterable[str], port: int) -> tuple[Metrics, ...]:
    """Return the counters of every run of the agent, the oldest first.

    :param files: the text of each run's file (see `MetricsFile` in connector/java). The file of the
        current run is up to a second old, so the agent's own answer is used instead of it.
    """
    current = current_run(port)
    runs = sorted((json.loads(text) for text in files), key=lambda run: int(run["started"]))
    if current:
        runs = runs[:-1]
    return (*(run["metrics"] for run in runs), *([current] if current else []))
