"""Flume's counters: of the run under way over HTTP, of earlier runs from their files."""

import json
from collections.abc import Iterable

from flumelab.ledger import Metrics
from flumelab.settings import LOOPBACK

HTTP_SECONDS_MAX = 5


def url(port: int) -> str:
    """Where an agent answers."""
    return f"http://{LOOPBACK}:{port}/metrics"


def live(port: int) -> Metrics:
    """The agent's counters now; empty where none answers."""
    import requests  # takes a tenth of a second

    try:
        metrics: Metrics = requests.get(url(port), timeout=HTTP_SECONDS_MAX).json()
        return metrics
    except (requests.RequestException, ValueError):
        return {}


def is_connected(port: int) -> bool:
    """Whether the agent answers and a sink of it has found its receiver."""
    sinks = [counters for name, counters in live(port).items() if name.startswith("SINK.")]
    return any(int(sink["ConnectionCreatedCount"]) > 0 for sink in sinks)


def runs(files: Iterable[str], port: int) -> tuple[Metrics, ...]:
    """The counters of every run of the agent.

    :param files: the text of each run's file (see `MetricsFile` in connector/java). The file
        of the run under way is up to a second old, so what that run says itself is taken instead.
    """
    now = live(port)
    ended = sorted((json.loads(text) for text in files), key=lambda run: int(run["started"]))
    if now:
        ended = ended[:-1]
    return (*(run["metrics"] for run in ended), *([now] if now else []))
