"""Tests against the mock broker of Kafka's C client, which speaks the protocol over a socket."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadgen import ledger
from loadgen.errors import LoadgenError
from loadgen.options import parse
from loadgen.outlets import kafka as kafka_outlet
from loadgen.outlets.kafka import KafkaTopic
from loadgen.scenarios import Batch
from loadgen.scenarios.orders import Orders

NEEDED = "needs the package confluent-kafka"
FIRST_LINE = b"creates the topic"


def topic_at(url: str, directory: Path) -> KafkaTopic:
    path = directory / "ledger.jsonl"
    return KafkaTopic(parse(["--to", url, "--ledger", str(path)]).to, path)


def test_a_missing_package_is_reported_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    url = "kafka://localhost:9092/orders"
    fact = "confluent-kafka is not installed; pip install confluent-kafka"
    with pytest.raises(LoadgenError, match=f"^{re.escape(f'{url}: {fact}')}$"):
        topic_at(url, tmp_path)


@pytest.fixture
def broker() -> Iterator[str]:
    """The address of a broker that has the topic "orders", in four partitions."""
    kafka = pytest.importorskip("confluent_kafka", reason=NEEDED)
    owner = kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "", "log_level": 0})
    [found] = owner.list_topics(timeout=10).brokers.values()
    owner.produce("orders", FIRST_LINE)
    assert owner.flush(10) == 0
    yield f"{found.host}:{found.port}"


def values(broker: str) -> list[bytes]:
    """Return the values in the topic, without its first line."""
    kafka = pytest.importorskip("confluent_kafka", reason=NEEDED)
    consumer = kafka.Consumer(
        {"bootstrap.servers": broker, "group.id": "test", "enable.partition.eof": True}
    )
    partitions = consumer.list_topics("orders", timeout=10).topics["orders"].partitions
    consumer.assign([kafka.TopicPartition("orders", number, 0) for number in partitions])
    ends, found = 0, []
    while ends < len(partitions):
        message = consumer.poll(10)
        assert message is not None, "the broker is silent"
        if message.error():
            assert message.error().code() == kafka.KafkaError._PARTITION_EOF
            ends += 1
        else:
            assert message.key() is None
            found.append(message.value())
    consumer.close()
    found.remove(FIRST_LINE)
    return found


def test_each_line_is_a_message_and_the_ledger_has_it(broker: str, tmp_path: Path) -> None:
    topic = topic_at(f"kafka://{broker}/orders", tmp_path)
    topic.recover()
    orders = Orders(1, 0.1)
    batches = [orders.generate(300), orders.generate(20)]
    names = [topic.publish(batch, "orders") for batch in batches]
    topic.close()
    assert names == ["orders-000001.log", "orders-000002.log"]
    lines = b"".join(batch.data for batch in batches).splitlines()
    assert sorted(values(broker)) == sorted(lines)
    entries = ledger.read(tmp_path / "ledger.jsonl")
    assert [(entry.name, entry.lines, entry.events) for entry in entries] == [
        (name, batch.lines, batch.events) for name, batch in zip(names, batches, strict=True)
    ]


def test_empty_lines_are_messages_too(broker: str, tmp_path: Path) -> None:
    topic = topic_at(f"kafka://{broker}/orders", tmp_path)
    topic.recover()
    topic.publish(Orders(1).account(b"\na\n\nlast"), "orders")
    assert sorted(values(broker)) == [b"", b"", b"a", b"last"]
    with pytest.raises(ValueError, match="an empty batch"):
        topic.publish(Orders(1).account(b""), "orders")


def test_a_missing_topic_is_reported_on_one_line_and_is_not_created(
    broker: str, tmp_path: Path
) -> None:
    url = f"kafka://{broker}/clicks"
    for _ in range(2):
        with pytest.raises(LoadgenError, match=f"^{url}: no topic clicks; create it"):
            topic_at(url, tmp_path).recover()
    assert not (tmp_path / "ledger.jsonl").exists()


def test_a_missing_broker_is_reported_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("confluent_kafka", reason=NEEDED)
    monkeypatch.setattr(kafka_outlet, "ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    url = f"kafka://127.0.0.1:{port}/orders"
    with pytest.raises(LoadgenError, match=rf"^{url}: [^\n]+; give a broker that answers$"):
        topic_at(url, tmp_path).recover()
    assert capfd.readouterr() == ("", "")


def test_lines_that_were_not_acknowledged_are_reported(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_outlet, "DELIVERY_SECONDS", 1.0)
    topic = topic_at(f"kafka://{broker}/orders", tmp_path)
    topic.recover()
    too_long = Batch(b"short\n" + b"x" * 2_000_000 + b"\n", 2, 2, None, None, {}, None)
    fact = r"1 lines of orders-000001.log were not acknowledged \(.*too large.*\); start over"
    with pytest.raises(LoadgenError, match=fact):
        topic.publish(too_long, "orders")
    assert [entry.lines for entry in ledger.read(tmp_path / "ledger.jsonl")] == [2]
