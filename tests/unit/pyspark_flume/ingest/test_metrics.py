"""What a receiver or poller tells Prometheus is what has happened to it."""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from pyspark_flume.errors import IngestionFailed
from pyspark_flume.ingest.background_service import BackgroundService
from pyspark_flume.ingest.counters import Histogram
from pyspark_flume.landing import Landing, commit, disk
from pyspark_flume.options.ingestion import PollerSettings, ReceiverSettings

from tests.support.avro_client import FAILED, OK, AvroClient, append_batch, handshake, lines
from tests.support.ports import free_port
from tests.support.prometheus import OPENMETRICS, Metrics, lint, scrape
from tests.support.receiver import lines_of
from tests.support.spark_sink import SparkSinkStandIn
from tests.support.waiting import wait_for

NAME = "pyspark_flume_"
A = lines_of("a.log", range(0, 110, 10))


@contextmanager
def running(settings: ReceiverSettings | PollerSettings) -> Iterator[int]:
    """Run it inside the block; yields the port of its metrics."""
    service = BackgroundService.start(settings)
    try:
        assert settings.metrics_port
        yield settings.metrics_port
    finally:
        service.stop()


def receiver(folder: Path, **more: int) -> ReceiverSettings:
    return ReceiverSettings(
        folder / "landing", port=free_port(), host="127.0.0.1", metrics_port=free_port(), **more
    )


def metrics(port: int) -> Metrics:
    return Metrics(scrape(port).text)


def test_a_receiver_counts_batches_events_duplicates_failures_and_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = receiver(tmp_path, connections_max=2)
    full = OSError(errno.ENOSPC, "No space left on device")
    with running(settings) as port, AvroClient(settings.port) as sink:
        assert sink.call(handshake() + append_batch(A[:6])).endswith(OK)
        assert sink.call(append_batch(A[4:])) == OK  # two of them again
        assert sink.call(append_batch(lines("x", "y"))) == OK
        with monkeypatch.context() as broken:
            broken.setattr(disk, "fdatasync", raising(full))
            assert sink.call(append_batch(lines("z"))) == FAILED
        with AvroClient(settings.port) as stranger, AvroClient(settings.port) as third:
            assert third.closed_by_peer()
            stranger.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert stranger.closed_by_peer()
        found = metrics(port)

    counted = {
        name: found.value(f"{NAME}{name}_total")
        for name in ("batches", "events", "failed_batches", "duplicate_events")
    }
    assert counted == {"batches": 4, "events": 15, "failed_batches": 1, "duplicate_events": 2}
    sent = b"".join([*A[:6], *A[4:], *lines("x", "y", "z")])
    assert found.value(f"{NAME}event_bytes_total") == len(sent)
    assert found.value(f"{NAME}fsync_seconds_count") == 3
    assert found.value(f"{NAME}fsync_seconds_bucket", le="+Inf") == 3
    assert 0 < (found.value(f"{NAME}fsync_seconds_sum") or 0) < 3
    assert found.value(f"{NAME}open_connections") == 1
    assert found.value(f"{NAME}accepted_connections_total") == 2
    refused = {
        reason: found.value(f"{NAME}refused_connections_total", reason=reason)
        for reason in found.labels(f"{NAME}refused_connections_total", "reason")
    }
    assert refused == {"limit": 1, "protocol": 1, "tls": 0, "stalled": 0}
    assert found.value("process_cpu_seconds_total") or not Path("/proc").exists()


def raising(error: OSError) -> object:
    def fail(_: int) -> None:
        raise error

    return fail


def test_the_log_and_the_lag_of_each_consumer_are_shown(tmp_path: Path) -> None:
    settings = receiver(tmp_path, segment_bytes=64 * 1024)
    before = time.time()
    with running(settings) as port, AvroClient(settings.port) as sink:
        assert sink.call(handshake() + append_batch(lines("0" * 70_000, "1"))).endswith(OK)
        assert sink.call(append_batch(lines("2", "3", "4"))) == OK
        commit(settings.landing, "behind", 1)
        commit(settings.landing, "done", 5)
        wait_for(
            lambda: (
                (metrics(port).value(f"{NAME}consumer_lag_seconds", consumer="behind") or 0) > 1
            ),
            "a second passes",
        )
        found = metrics(port)
        took = time.time() - before

    for consumer, offset, lag in (("behind", 1, 4), ("done", 5, 0)):
        assert found.value(f"{NAME}consumer_offset", consumer=consumer) == offset
        assert found.value(f"{NAME}consumer_lag_events", consumer=consumer) == lag
    assert 1 < (found.value(f"{NAME}consumer_lag_seconds", consumer="behind") or 0) <= took
    assert found.value(f"{NAME}consumer_lag_seconds", consumer="done") == 0
    assert found.value(f"{NAME}landing_segments") == 2
    assert found.value(f"{NAME}landing_start_offset") == 0
    assert found.value(f"{NAME}landing_end_offset") == 5
    on_disk = sum(path.stat().st_size for path in settings.landing.glob("*.avro"))
    assert found.value(f"{NAME}landing_bytes") == on_disk
    arrived = found.value(f"{NAME}last_arrival_timestamp_seconds") or 0
    assert before - 1 < arrived < before + took
    arrival = Landing(settings.landing).arrival_ms
    assert arrival(0) == arrival(1) <= arrival(2) == arrival(4)


def test_a_poller_shows_its_agents(tmp_path: Path) -> None:
    dead = free_port()
    with SparkSinkStandIn(lines("a", "b")) as agent:
        settings = PollerSettings(
            tmp_path / "landing",
            (("127.0.0.1", agent.port), ("127.0.0.1", dead)),
            metrics_port=free_port(),
        )
        with running(settings) as port:
            wait_for(lambda: metrics(port).value(f"{NAME}events_total") == 2, "all is fetched")
            found = metrics(port)

    here, there = f"127.0.0.1:{agent.port}", f"127.0.0.1:{dead}"
    assert found.labels(f"{NAME}agent_open_connections", "agent") == {here, there}
    assert found.value(f"{NAME}agent_open_connections", agent=there) == 0
    assert (found.value(f"{NAME}agent_errors_total", agent=there) or 0) >= 1
    assert found.value(f"{NAME}agent_errors_total", agent=here) == 0
    assert found.value(f"{NAME}open_connections") == found.value(
        f"{NAME}agent_open_connections", agent=here
    )


def test_promtool_has_nothing_to_remark(tmp_path: Path) -> None:
    with SparkSinkStandIn(lines("a")) as agent:
        poller = PollerSettings(
            tmp_path / "polled", (("127.0.0.1", agent.port),), metrics_port=free_port()
        )
        with running(receiver(tmp_path)) as one, running(poller) as two:
            commit(tmp_path / "landing", "query", 0)
            texts = [scrape(port).text for port in (one, two)]
    for text in texts:
        assert lint(text) == []
        assert lint(f"{text}# TYPE BadName counter\nBadName 1\n") != []


def test_the_answer_is_openmetrics_for_those_who_ask_for_it(tmp_path: Path) -> None:
    with running(receiver(tmp_path)) as port:
        answer = scrape(port, OPENMETRICS)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert f"{NAME}batches" in {family.name for family in openmetrics(answer.text)}


def test_metrics_are_served_on_loopback_alone_and_the_port_is_free_afterwards(
    tmp_path: Path,
) -> None:
    settings = receiver(tmp_path)
    with running(settings) as port:
        # Not by a connection to 127.0.0.2, an address that only Linux has.
        listening = [
            each.laddr.ip
            for each in psutil.Process().net_connections("tcp")
            if each.status == psutil.CONN_LISTEN and each.laddr.port == port
        ]
    assert listening == ["127.0.0.1"]
    with running(settings):
        pass


def test_a_port_in_use_is_an_error_in_one_line_and_nothing_stays_locked(tmp_path: Path) -> None:
    settings = receiver(tmp_path)
    assert settings.metrics_port
    taken = socket.create_server(("127.0.0.1", settings.metrics_port))
    with taken, pytest.raises(IngestionFailed) as failed:
        BackgroundService.start(settings)
    assert str(failed.value) == (
        f"cannot serve metrics on 127.0.0.1:{settings.metrics_port}: Address already in use; "
        "end what listens there or choose another metricsPort"
    )
    with running(settings):
        pass


def test_without_prometheus_client_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(IngestionFailed, match=r"pip install 'pyspark-flume\[metrics\]'$"):
        BackgroundService.start(receiver(tmp_path))


def test_a_log_that_cannot_be_read_leaves_the_other_metrics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = receiver(tmp_path)
    with running(settings) as port:
        (settings.landing / "consumers").mkdir(exist_ok=True)
        (settings.landing / "consumers" / "odd.json").write_text("[]")
        found = metrics(port)
        (settings.landing / "consumers" / "odd.json").unlink()
        after = metrics(port)
    assert found.value(f"{NAME}batches_total") == 0
    assert found.value(f"{NAME}landing_segments") is None
    assert after.value(f"{NAME}landing_segments") == 1
    assert "no metrics of the landing log" in caplog.text


def test_a_histogram_counts_values_up_to_each_bound() -> None:
    histogram = Histogram((0.1, 1))
    for value in (0.05, 0.1, 0.5, 3):
        histogram.observe(value)
    assert histogram.cumulative() == [("0.1", 2), ("1.0", 3), ("+Inf", 4)]
    assert histogram.sum == pytest.approx(3.65)
