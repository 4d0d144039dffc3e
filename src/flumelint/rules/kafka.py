"""Rules about Kafka: where events go, and whether they got there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import CHANNEL, SINK, SOURCE, Component, Conf
from flumelint.places import sources_of, truth
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule

SOURCE_CLASS = "org.apache.flume.source.kafka.KafkaSource"
SINK_CLASS = "org.apache.flume.sink.kafka.KafkaSink"
CHANNEL_CLASS = "org.apache.flume.channel.kafka.KafkaChannel"
TOPIC_HEADER = "topic"  # default of topicHeader, of the source and of the sink
ZOOKEEPER = "2181"

TO_KAFKA = changed(
    BASE,
    (
        "k1.type = logger\n",
        f"k1.type = {SINK_CLASS}\n"
        "a1.sinks.k1.kafka.bootstrap.servers = broker:9092\n"
        "a1.sinks.k1.kafka.topic = out\n",
    ),
)
THROUGH = changed(
    TO_KAFKA,
    (
        "a1.sources.r1.type = netcat\na1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 44444\n",
        f"a1.sources.r1.type = {SOURCE_CLASS}\n"
        "a1.sources.r1.kafka.bootstrap.servers = broker:9092\n"
        "a1.sources.r1.kafka.topics = in\n"
        "a1.sources.r1.batchSize = 100\n",
    ),
)


@rule(
    "topic-header-wins",
    Severity.LOSES_DATA,
    summary="events from a Kafka source go back into the topic they came from",
    flume="The Kafka source sets the header `topic`, and the Kafka sink sends an event into the "
    "topic that this header names, before it looks at `kafka.topic`. Nothing is logged.",
    harm="The sink's topic stays empty. The source reads its own events again, without end.",
    wrong=THROUGH,
    right=changed(
        THROUGH,
        ("kafka.topic = out\n", "kafka.topic = out\na1.sinks.k1.allowTopicOverride = false\n"),
    ),
)
def topic_header_wins(conf: Conf) -> Iterator[Report]:
    for sink in conf.components(SINK):
        topic = sink.get("kafka.topic") or sink.get("topic")
        channel = sink.agent.channels.get(sink.text("channel"))
        if not sink.is_a(SINK_CLASS) or not topic or not channel or not is_alive(sink):
            continue
        if not truth(sink, "allowTopicOverride", default=True):
            continue
        for source in sources_of(channel):
            if _sets(source, sink.text("topicHeader", TOPIC_HEADER)):
                yield Report(
                    topic.span,
                    f"{source} sets the header topic, so {sink} sends the events back into the "
                    "topic they came from",
                    f"write {sink.prefix}allowTopicOverride = false, or "
                    f"{source.prefix}setTopicHeader = false",
                    related=(source.place, str(source)),
                )
                break


def _sets(source: Component, header: str) -> bool:
    """Whether a Kafka source sets a header and no interceptor may change it."""
    return (
        source.is_a(SOURCE_CLASS)
        and truth(source, "setTopicHeader", default=True)
        and source.text("topicHeader", TOPIC_HEADER) == header
        and all(
            source.text(f"interceptors.{name}.type") in ("timestamp", "host", "regex_filter")
            for name in source.text("interceptors").split()
        )
    )


@rule(
    "acks-zero",
    Severity.LOSES_DATA,
    summary="a Kafka sink or channel does not wait for Kafka to store events",
    flume="With acks = 0 the client takes an event for sent as soon as it is in the socket's "
    "buffer. Flume commits, and logs nothing when the broker was not there.",
    harm="Each failure of a broker or of the network loses events.",
    wrong=changed(
        TO_KAFKA,
        ("kafka.topic = out\n", "kafka.topic = out\na1.sinks.k1.kafka.producer.acks = 0\n"),
    ),
    right=changed(
        TO_KAFKA,
        ("kafka.topic = out\n", "kafka.topic = out\na1.sinks.k1.kafka.producer.acks = all\n"),
    ),
)
def acks_zero(conf: Conf) -> Iterator[Report]:
    for component in conf.components(SINK, CHANNEL):
        if not component.is_a(SINK_CLASS, CHANNEL_CLASS):
            continue
        setting = component.get("kafka.producer.acks") or component.get("requiredAcks")
        if setting and setting.value == "0":
            yield Report(
                setting.span,
                "with 0, Flume takes an event for sent before any broker has it",
                f"write {component.prefix}kafka.producer.acks = all",
            )


@rule(
    "bootstrap-servers",
    Severity.IDLE,
    summary="a Kafka server has no port, or ZooKeeper's",
    flume="Without a port the component does not start: `Invalid url in bootstrap.servers`. With "
    f"ZooKeeper's port, {ZOOKEEPER}, it waits for an answer that never comes.",
    harm="No event is read or written.",
    wrong=changed(TO_KAFKA, ("broker:9092", "broker")),
    right=TO_KAFKA,
)
def bootstrap_servers(conf: Conf) -> Iterator[Report]:
    for component in conf.components(SOURCE, CHANNEL, SINK):
        if not component.is_a(SOURCE_CLASS, CHANNEL_CLASS, SINK_CLASS) or not is_alive(component):
            continue
        setting = component.get("kafka.bootstrap.servers") or component.get("brokerList")
        if not setting or not setting.known:
            continue
        for found in re.finditer(r"[^\s,]+", setting.assignment.value.text):
            _, colon, port = found[0].rpartition(":")
            if not colon or port == ZOOKEEPER:
                yield Report(
                    setting.part(found),
                    f"{found[0]} has ZooKeeper's port" if colon else f"{found[0]} has no port",
                    "write HOST:PORT of a Kafka broker, often 9092",
                )
                break
