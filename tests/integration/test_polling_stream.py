"""The polling receiver in a real Spark, which fetches from stand-ins for SparkSinks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from pyspark_flume.events.record import encode_event

from tests.support.avro_client import OK, append_batch, handshake, lines
from tests.support.program_signs import signs_of
from tests.support.spark import RecordedSpark
from tests.support.spark_sink import SparkSinkStandIn

LONE, SEVERAL, PUSHED = 0, 1, 2
RATE = 2000  # events/s, of each receiver
BATCH = 1000
CONSUMERS = [3, 2]  # parallelism is 5, for two sinks


@dataclass
class Pull:
    """A Spark and the sinks that it polls: one with one consumer, two with five."""

    spark: RecordedSpark
    lone: SparkSinkStandIn
    several: list[SparkSinkStandIn]

    def arrived(self, stream: int, prefix: str) -> list[list[object]]:
        """``[headers, body]`` of each event whose body has this prefix, in order."""
        events = (event for batch in self.spark.batches(stream) for event in batch["events"])
        return [event for event in events if event[1].startswith(prefix)]

    def wait_for_bodies(self, stream: int, prefix: str, expected: list[str]) -> None:
        def bodies() -> list[object]:
            return [body for _, body in self.arrived(stream, prefix)]

        self.spark.wait_for(
            lambda: len(bodies()) >= len(expected), f"{len(expected)} events that begin {prefix}"
        )
        assert bodies() == expected

    def wait_for_consumers(self) -> None:
        self.spark.wait_for(
            lambda: [sink.connections() for sink in self.several] == CONSUMERS,
            f"{CONSUMERS} consumers",
        )

    def said_of(self, sink: SparkSinkStandIn, *texts: str) -> list[str]:
        return self.spark.log_lines(f"Flume sink 127.0.0.1:{sink.port} ", *texts)


@pytest.fixture(scope="module")
def pull(start_spark: Callable[..., RecordedSpark]) -> Iterator[Pull]:
    """At the end it is stopped gracefully while events arrive, and all acked events count."""
    with SparkSinkStandIn() as lone, SparkSinkStandIn() as first, SparkSinkStandIn() as second:
        spark = start_spark(
            "local[4]",
            {"addresses": [lone.address], "options": {"parallelism": 1, "maxBatchSize": BATCH}},
            {"addresses": [first.address, second.address]},
            {},
            conf={"spark.streaming.receiver.maxRate": str(RATE)},
        )
        pull = Pull(spark, lone, [first, second])
        spark.wait_until_listening(PUSHED)
        yield pull

        last = lines(*(f"last {i}" for i in range(10 * RATE)))
        acked_before = len(lone.acked)
        lone.put(last)
        spark.wait_for(lambda: len(lone.acked) > acked_before, "the last events are asked for")
        spark.stop("stop\n")
        taken = len(lone.acked) - acked_before
        assert 0 < taken < len(last), "stopped in between"
        assert pull.arrived(LONE, "last") == [[{}, f"last {i}"] for i in range(taken)]
        assert not spark.log_lines("NOTHING WILL BE PROCESSED")
        assert not spark.log_lines("at io.pysparkflume"), "a stack trace says nothing to a user"


def test_a_hundred_events_arrive_in_order_with_their_headers(pull: Pull) -> None:
    events = [
        ({"number": str(i), "ort": "Köln", "名前": "\U0001f701"}, f"hundred {i} 値")
        for i in range(100)
    ]
    pull.lone.put(encode_event(headers, body.encode()) for headers, body in events)

    pull.wait_for_bodies(LONE, "hundred", [body for _, body in events])
    assert pull.arrived(LONE, "hundred") == [[headers, body] for headers, body in events]


@pytest.mark.parametrize("size", [0, 1, 1021, 1024 * 1024])
def test_a_body_of_any_size_arrives_whole(pull: Pull, size: int) -> None:
    headers = {"size": str(size)}
    pull.lone.put([encode_event(headers, b"x" * size)])

    pull.spark.wait_for(
        lambda: [headers, "x" * size] in pull.arrived(LONE, "x" * size), "it is there"
    )


def test_more_consumers_than_sinks_serve_all_sinks_and_none_ends(pull: Pull) -> None:
    pull.wait_for_consumers()
    for number, sink in enumerate(pull.several):
        sink.put(lines(*(f"spread {number} {i:04d}" for i in range(1000))))

    expected = [f"spread {number} {i:04d}" for number in range(2) for i in range(1000)]
    pull.spark.wait_for(lambda: len(pull.arrived(SEVERAL, "spread")) >= 2000, "2000 events")
    assert sorted(str(body) for _, body in pull.arrived(SEVERAL, "spread")) == expected
    assert [sink.connections() for sink in pull.several] == CONSUMERS
    pull.spark.wait_for(
        lambda: all(len(sink.acked) >= 1000 for sink in pull.several), "all of them are acked"
    )


def test_a_batch_whose_ack_is_lost_comes_again_and_is_counted_twice(pull: Pull) -> None:
    pull.lone.ignored_acks = 1
    bodies = [f"twice {i}" for i in range(10)]
    pull.lone.put(lines(*bodies))

    pull.wait_for_bodies(LONE, "twice", bodies + bodies)
    pull.spark.wait_for(lambda: pull.lone.acked[-10:] == lines(*bodies), "acked the second time")


def test_a_sink_that_goes_away_and_comes_back_is_logged_once_each_way(pull: Pull) -> None:
    pull.wait_for_consumers()
    sink, other = pull.several
    sink.stop()
    pull.spark.wait_for(lambda: pull.said_of(sink, "WARN", " lost: closed by the sink"), "a line")
    told = signs_of(pull.spark)["agent-not-reached"]
    assert told.fact == "no SparkSink answers there: closed by the sink"
    sink.put(lines("while away"))
    other.put(lines("from the other"))
    pull.wait_for_bodies(SEVERAL, "from the other", ["from the other"])

    sink.start()

    pull.wait_for_bodies(SEVERAL, "while away", ["while away"])
    pull.wait_for_consumers()
    assert len(pull.said_of(sink)) == 2  # of three connections
    assert len(pull.said_of(sink, "WARN", " connected again after ")) == 1
    assert "agent-not-reached" not in signs_of(pull.spark)
    assert not pull.said_of(other)


def test_an_error_that_a_sink_repeats_is_logged_once_with_the_remedy(pull: Pull) -> None:
    before = len(pull.said_of(pull.lone))
    full = "Take list for MemoryTransaction, capacity 100 full, consider committing more often"
    pull.lone.errors.extend([full] * 3)
    pull.lone.put(lines("after errors"))

    pull.wait_for_bodies(LONE, "after errors", ["after errors"])
    (line,) = pull.said_of(pull.lone)[before:]
    assert f"gives no events: {full}; lower maxBatchSize" in line
    assert "or raise the channel's transactionCapacity" in line
    assert "lower maxBatchSize" in signs_of(pull.spark)["agent-gives-nothing"].remedy


def test_a_sink_without_events_for_a_while_is_not_logged(pull: Pull) -> None:
    pull.spark.wait_for(lambda: pull.lone.calls[-1][0] == "getEventBatch", "it is asked")
    before = pull.said_of(pull.lone)
    time.sleep(1.2)  # this wait must not count as an error
    pull.lone.errors.append("Sink spark: no event in channel buffer for 60 s")
    pull.lone.put(lines("after silence"))

    pull.wait_for_bodies(LONE, "after silence", ["after silence"])
    assert pull.said_of(pull.lone) == before


def test_an_answer_over_the_limit_ends_the_connection_with_a_line_that_says_why(
    pull: Pull,
) -> None:
    pull.lone.garbage.append(bytes.fromhex("00000001 04000001"))
    pull.lone.put(lines("after garbage"))

    pull.wait_for_bodies(LONE, "after garbage", ["after garbage"])
    assert pull.said_of(pull.lone, " lost: frame of at least 67,108,865 bytes, the limit is")


def test_a_pull_keeps_to_the_receivers_max_rate(pull: Pull) -> None:
    acked_before = len(pull.lone.acked)
    count = 3 * RATE
    pull.lone.put(lines(*(f"rate {i}" for i in range(count))))
    pull.spark.wait_for(lambda: len(pull.lone.acked) > acked_before, "the first batch is acked")
    began = time.monotonic()
    first = len(pull.lone.acked)

    pull.spark.wait_for(lambda: len(pull.lone.acked) == acked_before + count, "all are acked")

    # One batch is ahead of the rate, and one passed before the first measurement.
    timed = acked_before + count - first - 2 * BATCH
    assert timed / (time.monotonic() - began) <= RATE


def test_a_push_keeps_to_the_receivers_max_rate(pull: Pull) -> None:
    batch = append_batch(lines(*(f"push {i}" for i in range(BATCH))))
    with pull.spark.client(PUSHED) as client:
        client.call(handshake())
        began = time.monotonic()
        assert [client.call(batch) for _ in range(4)] == [OK] * 4

    assert 3 * BATCH / (time.monotonic() - began) <= RATE
