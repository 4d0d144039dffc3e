"""What is asked of Spark's REST interface, against a server that answers as Spark 4.3 does."""

import http.server
import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from flumelab.page.http_json import JsonServer
from flumelab.page.spark_state import SparkState, query_of
from flumelab.page.spark_streams import SparkStreams
from flumelab.page.state import Query


class Spark:
    """A driver with micro-batches of one second; it counts what it is asked."""

    def __init__(self) -> None:
        self.application = "local-1"
        self.batches: list[dict[str, Any]] = []
        self.streams = True
        self.asked: list[str] = []
        spark = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                spark.asked.append(self.path)
                found = spark.answer(self.path)
                body = json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def run_batch(self, rows: int, status: str = "COMPLETED") -> None:
        done = status == "COMPLETED"
        self.batches.append(
            {
                "batchId": 1_000_000 + 1000 * len(self.batches),
                "status": status,
                "inputSize": rows,
                "schedulingDelay": 5 if done else None,
                "processingTime": 120 if done else None,
            }
        )

    def answer(self, path: str) -> Any:
        if path == "/api/v1/applications":
            return [{"id": self.application}]
        start = f"/api/v1/applications/{self.application}/streaming/"
        if not path.startswith(start) or not self.streams:
            return None
        rows = sum(batch["inputSize"] for batch in self.batches)
        done = [batch for batch in self.batches if batch["status"] == "COMPLETED"]
        what = path.removeprefix(start)
        if what == "statistics":
            return {
                "batchDuration": 1000, "numReceivers": 1, "numActiveReceivers": 1,
                "numReceivedRecords": rows,
                "numProcessedRecords": sum(batch["inputSize"] for batch in done),
                "numActiveBatches": len(self.batches) - len(done),
                "numTotalCompletedBatches": len(done),
            }  # fmt: skip
        if what == "batches":
            return self.batches
        if what == "receivers":
            return [{"isActive": True}]
        return next((b for b in self.batches if what == f"batches/{b['batchId']}"), None)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def spark() -> Iterator[Spark]:
    made = Spark()
    yield made
    made.close()


@pytest.fixture
def reader(spark: Spark) -> SparkStreams:
    return SparkStreams(JsonServer("127.0.0.1", spark.port))


def test_all_micro_batches_are_read_once_and_then_only_the_new_ones(
    spark: Spark, reader: SparkStreams
) -> None:
    for rows in range(300):
        spark.run_batch(rows)
    first = reader.read()
    assert first
    assert [batch.rows for batch in first.batches] == list(range(300))
    assert (first.interval, first.stored, first.processed) == (1.0, 44850, 44850)
    spark.run_batch(7)
    spark.asked.clear()
    second = reader.read()
    assert second
    assert second.batches[-1].rows == 7
    assert not [path for path in spark.asked if path.endswith("/batches")]
    assert len(spark.asked) <= 4


def test_a_micro_batch_that_runs_is_asked_again_until_it_is_done(
    spark: Spark, reader: SparkStreams
) -> None:
    spark.run_batch(10)
    spark.run_batch(20, status="PROCESSING")
    found = reader.read()
    assert found
    assert [batch.done for batch in found.batches] == [True, False]
    spark.batches[1] |= {"status": "COMPLETED", "processingTime": 900}
    found = reader.read()
    assert found
    assert found.batches[1].done
    assert found.batches[1].processing == 0.9


def test_after_a_pause_of_the_page_no_micro_batch_is_missing(
    spark: Spark, reader: SparkStreams
) -> None:
    spark.run_batch(0)
    reader.read()
    for rows in range(1, 50):
        spark.run_batch(rows)
    reader.read()
    found = reader.read()
    assert found
    assert [batch.rows for batch in found.batches] == list(range(50))


def test_a_driver_without_dstreams_answers_but_has_no_reading(
    spark: Spark, reader: SparkStreams
) -> None:
    spark.streams = False
    assert reader.read() is None
    assert reader.answers


def test_a_new_driver_on_the_same_port_is_found(spark: Spark, reader: SparkStreams) -> None:
    spark.run_batch(5)
    assert reader.read()
    spark.application, spark.batches = "local-2", []
    reader.read()
    spark.run_batch(6)
    found = reader.read()
    assert found
    assert (found.application, [batch.rows for batch in found.batches]) == ("local-2", [6])


def test_nobody_there_is_no_reading() -> None:
    made = Spark()
    made.close()
    reader = SparkStreams(JsonServer("127.0.0.1", made.port))
    assert reader.read() is None
    assert not reader.answers


def test_the_progress_of_a_query_is_read_with_its_units() -> None:
    found = query_of(
        "top",
        {
            "batchId": 4, "timestamp": "2026-11-28T14:00:00.500Z", "numInputRows": 100,
            "processedRowsPerSecond": 50.5, "durationMs": {"triggerExecution": 1980, "addBatch": 9},
            "eventTime": {
                "watermark": "2026-01-01T00:00:00.000Z", "max": "2026-01-01T00:10:00.000Z",
            },
            "stateOperators": [{"numRowsTotal": 7, "numRowsDroppedByWatermark": 2}],
        },
    )  # fmt: skip
    assert (found.rows, found.rate, found.duration) == (100, 50.5, 1.98)
    assert found.durations == {"addBatch": 0.009}
    assert (found.event_lag, found.state_rows, found.dropped) == (600, 7, 2)


def test_a_trigger_without_rows_keeps_the_latest_event_time() -> None:
    state = SparkState()

    def told(watermark: str, **event_time: str) -> Query:
        times = {"watermark": watermark, **event_time}
        last = {"batchId": 1, "eventTime": times}
        [found] = state.queries(SimpleNamespace(queries={"top": {"rows": 1, "last": last}}))
        return found

    first = told("2026-01-01T00:00:00.000Z", max="2026-01-01T00:10:00.000Z")
    idle = told("2026-01-01T00:05:00.000Z")
    assert (idle.event_time, idle.event_lag) == (first.event_time, 300)


def test_a_query_before_its_first_watermark_has_none() -> None:
    found = query_of("a", {"batchId": 0, "eventTime": {"watermark": "1970-01-01T00:00:00.000Z"}})
    assert (found.watermark, found.event_lag, found.state_rows) == (None, None, None)
