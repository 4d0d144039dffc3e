"""One program with three receivers: what their union delivers, and what Spark shows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.avro_client import OK, append_batch, handshake, lines
from tests.support.spark import RecordedSpark, free_port, streaming_tab

RECEIVERS = 3


@pytest.fixture(scope="module")
def ui_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def spark(start_spark: Callable[..., RecordedSpark], ui_port: int) -> Iterator[RecordedSpark]:
    ui = {"spark.ui.enabled": "true", "spark.ui.port": str(ui_port)}
    spark = start_spark(f"local[{RECEIVERS + 1}]", *[{}] * RECEIVERS, union=True, conf=ui)
    for stream in range(RECEIVERS):
        spark.wait_until_listening(stream)
    yield spark
    spark.stop()


@pytest.fixture
def streaming(spark: RecordedSpark, ui_port: int) -> Callable[[str], Any]:
    return streaming_tab(ui_port)


def test_a_union_of_several_receivers_has_each_event_once(spark: RecordedSpark) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(spark.client(stream)) for stream in range(RECEIVERS)]
        for client in clients:
            client.call(handshake())
        for batch in range(20):
            for number, client in enumerate(clients):
                texts = [f"{number} {batch} {i}" for i in range(10)]
                assert client.call(append_batch(lines(*texts))) == OK

    events = [body for _, body in spark.take_events()]
    for number in range(RECEIVERS):
        mine = [body for body in events if body.startswith(f"{number} ")]
        assert mine == [f"{number} {batch} {i}" for batch in range(20) for i in range(10)]
    assert len(events) == RECEIVERS * 20 * 10


def test_the_streaming_tab_shows_the_receivers_and_counts_events(
    spark: RecordedSpark, streaming: Callable[[str], Any]
) -> None:
    received = streaming("statistics")["numReceivedRecords"]
    sizes = [1, 70, 500]
    for stream, size in enumerate(sizes):
        with spark.client(stream) as client:
            batch = append_batch(lines(*map(str, range(size))))
            assert client.call(handshake() + batch).endswith(OK)
    events = sum(sizes) + 1  # with the one that take_events sends
    assert len(spark.take_events()) == events - 1

    def counted() -> bool:
        return streaming("statistics")["numProcessedRecords"] >= received + events

    spark.wait_for(counted, "the batches are completed")
    statistics = streaming("statistics")
    assert statistics["numReceivedRecords"] == received + events
    assert statistics["numReceivers"] == statistics["numActiveReceivers"] == RECEIVERS
    batches = streaming("batches")
    assert sum(batch["inputSize"] for batch in batches) == statistics["numProcessedRecords"]

    receivers = sorted(streaming("receivers"), key=lambda receiver: receiver["streamId"])
    assert [(r["streamName"], r["isActive"], r["executorHost"]) for r in receivers] == [
        (f"FlumeReceiver-{number}", True, "localhost") for number in range(RECEIVERS)
    ]
    for receiver in receivers:
        assert any(rate > 0 for _, rate in receiver["eventRates"])


def test_a_body_that_is_not_utf8_fails_its_batch_by_default_and_the_next_one_is_processed(
    spark: RecordedSpark,
) -> None:
    with spark.client() as client:
        call = append_batch(lines("beside it", b"caf\xe9"))
        assert client.call(handshake() + call).endswith(OK)
        spark.wait_for_log("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9")
        assert client.call(append_batch(lines("after it"))) == OK

    assert spark.take_events() == [[{}, "after it"]]
