"""Receivers whose Spark cannot keep up, or cannot store: what was not stored comes again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.avro_client import FAILED, OK, append_batch, handshake, lines
from tests.support.spark import RecordedSpark
from tests.support.spark_sink import SparkSinkStandIn

PUSHED, PULLED = 0, 1
SECONDS_AN_EVENT = 0.002  # what the program takes for one
EVENTS_PER_SECOND = 1 / SECONDS_AN_EVENT


@pytest.fixture(scope="module")
def sink() -> Iterator[SparkSinkStandIn]:
    with SparkSinkStandIn() as sink:
        yield sink


@pytest.fixture(scope="module")
def write_ahead_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoint") / "receivedData"


@pytest.fixture(scope="module")
def spark(
    start_spark: Callable[..., RecordedSpark], sink: SparkSinkStandIn, write_ahead_log: Path
) -> RecordedSpark:
    spark = start_spark(
        "local[4]",
        {},
        {"addresses": [sink.address], "options": {"parallelism": 1, "maxBatchSize": 100}},
        checkpoint=str(write_ahead_log.parent),
        seconds_per_event=SECONDS_AN_EVENT,
        conf={
            "spark.streaming.receiver.writeAheadLog.enable": "true",
            "spark.streaming.receiver.writeAheadLog.rollingIntervalSecs": "1",
            "spark.streaming.backpressure.enabled": "true",
            "spark.streaming.backpressure.initialRate": "1000",
        },
    )
    spark.wait_until_listening(PUSHED)
    return spark


@contextmanager
def not_writable(write_ahead_log: Path) -> Iterator[None]:
    """As on a disk that has gone; also for root."""
    away = write_ahead_log.with_name("away")
    write_ahead_log.rename(away)
    write_ahead_log.touch()
    yield
    write_ahead_log.unlink()
    away.rename(write_ahead_log)


def bodies(spark: RecordedSpark, stream: int, prefix: str) -> Sequence[str]:
    events = (event for batch in spark.batches(stream) for event in batch["events"])
    return [body for _, body in events if body.startswith(prefix)]


def test_a_push_that_spark_cannot_store_is_answered_failed_and_taken_when_sent_again(
    spark: RecordedSpark, write_ahead_log: Path
) -> None:
    answers = []
    with spark.client(PUSHED) as client:
        assert client.call(handshake() + append_batch(lines("first"))).endswith(OK)
        with not_writable(write_ahead_log):

            def answered_failed() -> bool:
                answers.append(client.call(append_batch(lines(f"pushed {len(answers)}"))))
                return answers[-1] == FAILED

            spark.wait_for(answered_failed, "the write-ahead log wants its next file")
        assert client.call(append_batch(lines("pushed again"))) == OK
    spark.wait_for_log("1 events not stored, answered FAILED")

    expected = [f"pushed {i}" for i, answer in enumerate(answers) if answer == OK]
    expected.append("pushed again")
    spark.wait_for(lambda: bodies(spark, PUSHED, "pushed") == expected, "each is counted once")


def test_a_fetched_batch_that_spark_cannot_store_is_nacked_and_fetched_again(
    spark: RecordedSpark, sink: SparkSinkStandIn, write_ahead_log: Path
) -> None:
    events = lines(*(f"fetched {i}" for i in range(100)))
    sink.put(lines("first"))
    spark.wait_for(lambda: sink.acked, "there is a write-ahead log")
    with not_writable(write_ahead_log):

        def nacked() -> int:
            sink.put(lines("until the write-ahead log wants its next file"))
            return nacks(sink)

        nacked_before = spark.wait_for(nacked, "a nack")
        acked_before = len(sink.acked)
        sink.put(events)
        spark.wait_for(lambda: nacks(sink) > nacked_before, "another nack")
        assert len(sink.acked) == acked_before
    spark.wait_for_log("events not stored, the sink keeps them")

    spark.wait_for(lambda: sink.acked[-100:] == events, "all are acked, in their order")
    expected = [f"fetched {i}" for i in range(100)]
    spark.wait_for(lambda: bodies(spark, PULLED, "fetched") == expected, "each is counted once")


def nacks(sink: SparkSinkStandIn) -> int:
    return sum(name == "nack" for name, _ in sink.calls)


def test_backpressure_slows_a_pull_to_what_the_program_can_do(
    spark: RecordedSpark, sink: SparkSinkStandIn
) -> None:
    sink.put(lines(*(f"many {i}" for i in range(30_000))))
    counted = len(bodies(spark, PULLED, "many"))
    spark.wait_for(
        lambda: len(bodies(spark, PULLED, "many")) > counted + 2 * EVENTS_PER_SECOND,
        "some seconds' worth is through",
    )
    began, acked = time.monotonic(), len(sink.acked)
    spark.wait_for(lambda: len(sink.acked) > acked + 2 * EVENTS_PER_SECOND, "it goes on")

    rate = (len(sink.acked) - acked) / (time.monotonic() - began)
    assert rate < 2 * EVENTS_PER_SECOND  # without it, tens of thousands
