"""The metrics of a receiver or poller, with the names that Prometheus gets.

Names and units follow https://prometheus.io/docs/practices/naming. Only this module and
`metrics_server` need prometheus-client, which is an extra of the package.
"""

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from pyspark_flume.ingest.counters import ConnectionCounts, IngestCounters
from pyspark_flume.landing import Summary

PREFIX = "pyspark_flume_"


def of_ingestion(counters: IngestCounters, connections: ConnectionCounts) -> Iterator[Metric]:
    """Yield what this process has done since its start."""
    yield InfoMetricFamily(
        f"{PREFIX}build", "The connector's version.", {"version": version("pyspark-flume")}
    )
    yield _counter("batches", "Batches that have arrived.", counters.batches)
    yield _counter("events", "Events that have arrived, also those sent again.", counters.events)
    yield _counter("event_bytes", "Bytes of these events, in Avro.", counters.event_bytes)
    yield _counter(
        "failed_batches",
        "Batches that could not be stored; Flume sends them again.",
        counters.failed_batches,
    )
    yield _counter(
        "duplicate_events",
        "Events that the log had already, and that were left out.",
        counters.duplicate_events,
    )
    yield HistogramMetricFamily(
        f"{PREFIX}fsync_seconds",
        "How long the disk took to store a group of batches.",
        buckets=counters.fsync.cumulative(),
        sum_value=counters.fsync.sum,
    )
    yield _gauge("open_connections", "Connections that are open.", connections.open)
    yield _counter(
        "accepted_connections", "Connections that have ever been opened.", connections.accepted
    )
    yield from _of_sinks(connections)
    yield from _of_agents(connections)


def of_log(log: Summary) -> Iterator[Metric]:
    """Yield what the landing log has, and how far its consumers are."""
    yield _gauge("landing_segments", "Segments of the landing log.", log.segments)
    yield _gauge("landing_bytes", "Bytes of these segments.", log.length)
    yield _gauge("landing_start_offset", "Offset of the oldest event in the log.", log.start)
    yield _gauge("landing_end_offset", "Events that were ever stored in the log.", log.end)
    if log.last_arrival is not None:
        yield _gauge(
            "last_arrival_timestamp_seconds",
            "When the newest event arrived, in seconds since 1970.",
            log.last_arrival,
        )
    offset = _by_consumer("offset", "Offset up to which a consumer has committed.")
    events = _by_consumer("lag_events", "Events in the log that a consumer has not committed.")
    seconds = _by_consumer(
        "lag_seconds", "How long ago the oldest event arrived that a consumer has not committed."
    )
    for name, lag in log.lags.items():
        offset.add_metric([name], lag.committed)
        events.add_metric([name], lag.events)
        seconds.add_metric([name], lag.seconds)
    yield from (offset, events, seconds)


def _of_sinks(connections: ConnectionCounts) -> Iterator[Metric]:
    if connections.refused is None:
        return
    refused = CounterMetricFamily(
        f"{PREFIX}refused_connections",
        "Connections that were refused, or closed for what the sink did.",
        labels=["reason"],
    )
    for reason, count in connections.refused.items():
        refused.add_metric([str(reason)], count)
    yield refused


def _of_agents(connections: ConnectionCounts) -> Iterator[Metric]:
    if connections.agents is None:
        return
    open_ = GaugeMetricFamily(
        f"{PREFIX}agent_open_connections", "Connections to an agent.", labels=["agent"]
    )
    errors = CounterMetricFamily(
        f"{PREFIX}agent_errors",
        "How often a connection to an agent failed, or got an error for a batch.",
        labels=["agent"],
    )
    for name, agent in connections.agents.items():
        open_.add_metric([name], agent.open)
        errors.add_metric([name], agent.errors)
    yield from (open_, errors)


def _by_consumer(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}consumer_{name}", text, labels=["consumer"])


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(PREFIX + name, text, value=value)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, value=value)
