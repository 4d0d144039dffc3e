"""The generated file holds what is known of Flume's components, and its guide's keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flumelint.component_data import ComponentData, component_data
from tests.support.flume_components import components

GUIDE = Path(__file__).parents[2] / "data" / "flume_guide_keys.txt"
BY_CLASS = {its.cls: its for its in component_data().all}


def documented() -> dict[str, list[str]]:
    """The keys in the guide's tables, by class."""
    found: dict[str, list[str]] = {}
    cls = ""
    for line in GUIDE.read_text().splitlines():
        if line.startswith(" "):
            found.setdefault(cls, []).extend(line.split())
        elif line and not line.startswith("#"):
            cls = line
    return found


def is_known(its: ComponentData, key: str) -> bool:
    """Whether the component reads a key, or keys like it if the guide's key ends in ``*``."""
    patterns = [re.escape(name).replace(r"\*", ".+") for name in its.keys]
    return (
        any(re.fullmatch(pattern, key) for pattern in patterns)
        or any(key.startswith(prefix) for prefix in its.prefixes)
        or any(key.startswith(part.prefix) for part in its.parts)
        or (key.endswith("*") and any(name.startswith(key[:-1]) for name in its.keys))
    )


def test_each_component_of_flume_and_each_plugin_of_ours_is_in_it() -> None:
    listed = {its.name for its in components()}

    assert listed - BY_CLASS.keys() == set()
    assert sorted(BY_CLASS.keys() - listed) == [
        "io.pysparkflume.flume.GrowingLogSource",
        "io.pysparkflume.flume.HandoffChannel",
        "io.pysparkflume.flume.LineIdentityDeserializer$Builder",
        "io.pysparkflume.flume.MetricsMonitor",
        "io.pysparkflume.flume.MultilineIdentityDeserializer$Builder",
        "io.pysparkflume.flume.PromptSinkProcessor",
        "org.apache.spark.streaming.flume.sink.SparkSink",
    ]


def test_only_what_no_jar_of_flume_has_is_open() -> None:
    assert {its.extra for its in BY_CLASS.values() if its.open} == {"none"}


@pytest.mark.parametrize(("cls", "keys"), documented().items(), ids=lambda each: str(each)[-30:])
def test_every_documented_key_is_read_or_told_to_be_wrong(cls: str, keys: list[str]) -> None:
    its = BY_CLASS[cls]

    unknown = [key for key in keys if key not in its.renamed and not is_known(its, key)]
    assert unknown == []


def test_a_key_has_its_type_default_and_values() -> None:
    avro = component_data().find("sink", "avro")
    spool = component_data().find("source", "spooldir")
    assert avro
    assert spool

    assert (avro.keys["batch-size"].type, avro.default("batch-size")) == ("int", "100")
    assert avro.keys["hostname"].required
    assert avro.batch_key == "batch-size"
    assert "batchSize" not in avro.keys
    assert spool.keys["consumeOrder"].values == ("OLDEST", "RANDOM", "YOUNGEST")
    assert spool.default("consumeOrder") == "OLDEST"
    assert [(part.prefix, part.type_key) for part in spool.parts] == [
        ("deserializer.", "deserializer")
    ]


def test_a_renamed_key_has_its_version_and_says_whether_it_still_works() -> None:
    sink = BY_CLASS["org.apache.flume.sink.kafka.KafkaSink"]

    assert (sink.renamed["topic"].new, sink.renamed["topic"].since) == ("kafka.topic", "1.7.0")
    assert sink.renamed["topic"].read
    assert not sink.renamed["metadata.broker.list"].read
