"""Keys and values: what is found beside the rules' own examples, and what is left alone."""

from __future__ import annotations

import pytest

from flumelint import Severity, check
from flumelint.rules.rule import BASE, changed

MULTIPLEXING = changed(
    BASE,
    (
        "a1.sources.r1.channels",
        "a1.sources.r1.selector.type = multiplexing\n"
        "a1.sources.r1.selector.header = kind\n"
        "a1.sources.r1.selector.mapping.a.b.c = c1\n"
        "a1.sources.r1.selector.default = c1\n"
        "a1.sources.r1.channels",
    ),
)


def sink(*lines: str) -> str:
    """A conf whose sink has these settings instead of its type."""
    return changed(
        BASE, ("a1.sinks.k1.type = logger\n", "".join(f"a1.sinks.k1.{line}\n" for line in lines))
    )


def rules(conf: str) -> set[str]:
    return {found.rule for found in check(conf) if found.severity is not Severity.NOTE}


def test_a_misspelt_key_is_named_with_the_right_one() -> None:
    conf = sink("type = avro", "hostname = h", "port = 1", "batchSize = 5")

    found = next(each for each in check(conf) if each.rule == "unknown-key")

    assert found.text == "unknown key `batchSize` of the avro sink k1; did you mean `batch-size`?"
    assert [edit.text for edit in found.fix] == ["batch-size"]


def test_a_key_is_not_mended_if_the_right_one_is_there_too() -> None:
    conf = sink("type = avro", "hostname = h", "port = 1", "batchSize = 5", "batch-size = 6")

    assert [each.fix for each in check(conf) if each.rule == "unknown-key"] == [()]


def test_a_mapping_may_be_of_a_value_with_dots() -> None:
    assert "unknown-key" not in rules(MULTIPLEXING)


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        (
            ("type = file_roll", "sink.directory = /data", "sink.serializer.appendNewline = false"),
            True,
        ),
        (
            ("type = file_roll", "sink.directory = /data", "sink.serializer.appendNewLine = false"),
            False,
        ),
        (
            (
                "type = file_roll",
                "sink.directory = /data",
                "sink.serializer = com.example.Own$Builder",
                "sink.serializer.anything = 1",
            ),
            True,
        ),
        (
            (
                "type = org.apache.flume.sink.kafka.KafkaSink",
                "kafka.bootstrap.servers = b:9092",
                "kafka.producer.linger.ms = 5",
            ),
            True,
        ),
    ],
)
def test_the_keys_of_parts_and_of_libraries(lines: tuple[str, ...], known: bool) -> None:
    assert ("unknown-key" not in rules(sink(*lines))) == known


@pytest.mark.parametrize(
    ("type_", "found"),
    [
        ("disk", {"unknown-type"}),
        ("org.apache.flume.sink.LogerSink", {"unknown-type"}),
        ("org.apache.flume.sink.rabbitmq.RabbitMQSink", set()),  # other people's
        ("com.example.Sink", set()),
        ("LOGGER", set()),
    ],
)
def test_types_of_flume_and_of_other_people(type_: str, found: set[str]) -> None:
    assert rules(sink(f"type = {type_}")) & {"unknown-type"} == found


def test_a_word_that_may_be_a_class_is_only_risky() -> None:
    found = [each for each in check(sink("type = MongoSink")) if each.rule == "unknown-type"]

    assert [each.severity for each in found] == [Severity.RISKY]


def test_the_name_of_a_class_without_its_package_is_told_in_whole() -> None:
    [found] = [each for each in check(sink("type = SparkSink")) if each.rule == "unknown-type"]

    assert found.severity is Severity.IDLE
    assert "write org.apache.spark.streaming.flume.sink.SparkSink" in found.text


def test_a_choice_of_required_keys_is_told_as_one() -> None:
    conf = sink("type = org.apache.flume.sink.kafka.KafkaSink", "kafka.topic = t")

    found = [each for each in check(conf) if each.rule == "missing-required-key"]

    assert len(found) == 1
    assert "kafka.bootstrap.servers" in found[0].message


def test_a_key_is_required_if_another_one_says_so() -> None:
    conf = changed(BASE, ("r1.type = netcat\n", "r1.type = avro\na1.sources.r1.ipFilter = true\n"))

    assert "missing-required-key" in rules(conf)
    assert "missing-required-key" not in rules(
        changed(conf, ("ipFilter = true", "ipFilter = false"))
    )


@pytest.mark.parametrize("value", ["10", "+10", "-1", "2147483647"])
def test_numbers_as_java_reads_them(value: str) -> None:
    conf = changed(BASE, ("port = 44444", f"port = 44444\na1.sources.r1.max-line-length = {value}"))

    assert "not-a-number" not in rules(conf)


@pytest.mark.parametrize("value", ["10k", "1_000", "1,000", "0x10", "2147483648", "5.0", "ten"])
def test_what_java_does_not_take_for_a_number(value: str) -> None:
    conf = changed(BASE, ("port = 44444", f"port = 44444\na1.sources.r1.max-line-length = {value}"))

    assert "not-a-number" in rules(conf)
