"""Serves the metrics of a receiver or poller at ``http://HOST:PORT/metrics``, if a port is set."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyspark_flume.errors import IngestionFailed, LandingError
from pyspark_flume.ingest.counters import ConnectionCounts, IngestCounters
from pyspark_flume.landing import LogSummary
from pyspark_flume.options.ingestion import IngestionSettings

if TYPE_CHECKING:
    from prometheus_client.core import Metric

log = logging.getLogger(__name__)


@contextmanager
def serving_metrics(
    settings: IngestionSettings,
    counters: IngestCounters,
    connections: Callable[[], ConnectionCounts],
) -> Iterator[None]:
    """Serve metrics inside the block, from a thread; do nothing without `metricsPort`.

    Raises `IngestionFailed` if prometheus-client is not installed, or if the port is in use.
    """
    if settings.metrics_port is None:
        yield
        return
    try:
        from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
    except ImportError:
        raise IngestionFailed(
            "metricsPort needs the package prometheus-client, which is not installed; "
            "pip install 'pyspark-flume[metrics]'"
        ) from None
    registry = CollectorRegistry()
    registry.register(_Collector(counters, connections, LogSummary(settings.landing)))
    ProcessCollector(registry=registry)
    host, port = settings.metrics_host, settings.metrics_port
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise IngestionFailed(
            f"cannot serve metrics on {host}:{port}: {error.strerror or error}; "
            "end what listens there or choose another metricsPort"
        ) from None
    log.info("serves metrics at http://%s:%d/metrics", host, port)
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Collector:
    """Called by prometheus-client at each scrape, in a thread of its own."""

    def __init__(
        self,
        counters: IngestCounters,
        connections: Callable[[], ConnectionCounts],
        summary: LogSummary,
    ) -> None:
        self._counters = counters
        self._connections = connections
        self._summary = summary
        self._one_at_a_time = threading.Lock()

    def collect(self) -> "Iterator[Metric]":
        from pyspark_flume.ingest import metric_families

        yield from metric_families.of_ingestion(self._counters, self._connections())
        try:
            with self._one_at_a_time:
                found = self._summary.read()
        except (LandingError, OSError) as error:
            log.warning("no metrics of the landing log: %s", error)
            return
        yield from metric_families.of_log(found)
