"""Write src/flumelint/components.json: the keys of Flume's components, out of their bytecode.

    python -m tools.flumelint.make_components [--check]

It needs Flume and the reader: mvn -f runtimes/pom.xml -P flumelint package
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FLUME = ROOT / "runtimes" / "flume" / "target" / "flume"
LIST = ROOT / "runtimes" / "flume" / "components.txt"
OUTPUT = ROOT / "src" / "flumelint" / "components.json"
VERSION = "1.11.0"

# The most telling of the ways in which a value is read comes first.
TYPES = ["list", "int", "long", "float", "double", "boolean", "enum", "charset", "regex"]
TYPES += ["time zone", "class", "url", "path", "string"]
PART_KINDS = {
    "org.apache.flume.interceptor.Interceptor$Builder": "interceptor",
    "org.apache.flume.interceptor.RegexExtractorInterceptorSerializer": "extractor",
    "org.apache.flume.serialization.EventDeserializer$Builder": "deserializer",
    "org.apache.flume.serialization.EventSerializer$Builder": "serializer",
    "org.apache.flume.sink.hbase.AsyncHbaseEventSerializer": "serializer",
    "org.apache.flume.sink.hbase.HbaseEventSerializer": "serializer",
    "org.apache.flume.sink.hbase2.HBase2EventSerializer": "serializer",
    "org.apache.flume.sink.hive.HiveEventSerializer": "serializer",
    "org.apache.flume.source.http.HTTPSourceHandler": "handler",
}
JARS = {
    "kafka": ["kafka-clients"],
    "hdfs": ["hadoop-client-api", "hadoop-client-runtime"],
    "hbase2": ["hbase-shaded-client-byo-hadoop", "hadoop-client-api", "hadoop-client-runtime"],
    "org.hbase.async.HBaseClient": ["asynchbase"],
    "org.apache.hadoop.hbase.client.HTable": ["hbase-client 1.x", "hadoop-client-api"],
    "org.apache.hive.hcatalog.streaming.StreamingConnection": ["hive-hcatalog-streaming"],
    "org.apache.solr.client.solrj.SolrServerException": ["solr-solrj"],
    "none": ["no released jar of Flume 1.11 has it"],
}
OURS = [
    ("channel", None, "io.pysparkflume.flume.HandoffChannel"),
    ("source", None, "io.pysparkflume.flume.GrowingLogSource"),
    ("sink", None, "org.apache.spark.streaming.flume.sink.SparkSink"),
    ("deserializer", None, "io.pysparkflume.flume.LineIdentityDeserializer$Builder"),
    ("deserializer", None, "io.pysparkflume.flume.MultilineIdentityDeserializer$Builder"),
    ("processor", None, "io.pysparkflume.flume.PromptSinkProcessor"),
    ("monitor", None, "io.pysparkflume.flume.MetricsMonitor"),
]
# What depends on the machine or the JVM is no default.
VOLATILE = {"byteCapacity"}


class FlumeMissing(Exception):
    """The runtime or the reader is not built."""


@dataclass(frozen=True)
class Listed:
    """A component as runtimes/flume/components.txt has it."""

    kind: str
    alias: str | None
    cls: str
    jars: str
    needs: str


def listed() -> list[Listed]:
    lines = [line.split() for line in LIST.read_text().splitlines()]
    found = [
        Listed(kind, None if alias == "-" else alias, cls, jars, needs)
        for kind, alias, cls, jars, needs in (line for line in lines if line and line[0] != "#")
    ]
    return found + [Listed(kind, alias, cls, "default", "-") for kind, alias, cls in OURS]


def class_path() -> str:
    """Flume's jars, our plugins and the reader; the extras do not matter for what is read."""
    reader = [HERE / "target" / "classes", *sorted((HERE / "target" / "lib").glob("*.jar"))]
    jars = [*FLUME.glob("lib/*.jar"), *FLUME.glob("plugins.d/spark-sink/lib/*.jar")]
    if not jars or not reader[0].is_dir() or len(reader) < 2:
        raise FlumeMissing("no Flume or no reader; mvn -f runtimes/pom.xml -P flumelint package")
    return ":".join(str(path) for path in [*sorted(jars), *reader])


def read_bytecode(classes: list[str]) -> dict[str, Any]:
    """What the Java program finds in each class; a class that no jar has is left out."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(classes) + "\n")
        names.flush()
        command = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", class_path()]
        command += ["io.pysparkflume.lint.keys.ReadKeys", names.name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def components() -> dict[str, Any]:
    """The content of components.json."""
    by_hand = tomllib.loads((HERE / "known_by_hand.toml").read_text())
    all_listed = listed()
    found = read_bytecode([each.cls for each in all_listed])
    return {
        "flume": VERSION,
        "components": [component(each, found.get(each.cls), by_hand) for each in all_listed],
    }


def component(its: Listed, found: dict[str, Any] | None, by_hand: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "interface": "sinkgroup" if its.kind == "processor" else its.kind,
        "alias": its.alias,
        "class": its.cls,
    }
    if its.jars != "default":
        entry["from"] = its.jars
        entry["jars"] = JARS[its.needs if its.jars == "yours" else its.jars]
    if found is None:
        return entry | {"open": True}
    entry["keys"] = keys(its.cls, found, by_hand)
    parts, prefixes = parts_and_prefixes(found)
    if its.cls in by_hand["one_of"]:
        entry["one_of"] = by_hand["one_of"][its.cls]
    if renamed := renames(its.cls, found, by_hand):
        entry["renamed"] = renamed
    if parts:
        entry["parts"] = parts
    if prefixes:
        entry["prefixes"] = prefixes
    if "batchKey" in found:
        entry["batch_key"] = found["batchKey"]
    return entry


def keys(cls: str, found: dict[str, Any], by_hand: dict[str, Any]) -> list[dict[str, Any]]:
    only_if = by_hand["only_if"].get(cls, {})
    one_of = {key for group in by_hand["one_of"].get(cls, []) for key in group}
    required = by_hand["required"].get(cls, [])
    olds = {each["old"] for each in by_hand["renamed"] if each["class"] == cls}
    result = []
    for name, its in found["keys"].items():
        if name in olds or name == "*":
            continue
        key: dict[str, Any] = {"name": name, "type": most_telling(its["types"])}
        if (default := default_of(its)) and name not in VOLATILE:
            key["default"] = default
        if key["type"] == "enum":
            # OTHER stands for a class of the user's own.
            key["values"] = [value for value in its["values"] if value.upper() != "OTHER"]
            key["class_too"] = "class" in its["types"] or len(key["values"]) < len(its["values"])
        if name in only_if:
            if not its["required"]:
                raise ValueError(f"known_by_hand.toml: {cls} does not ask for {name} at all")
            if only_if[name] != "never":
                key["required_if"] = only_if[name]
        elif (its["required"] and name not in one_of) or name in required:
            key["required"] = True
        result.append(key)
    return result


def default_of(its: dict[str, Any]) -> str:
    """The one default, empty if there is none or several."""
    # A fallback of 0 may be a check of another kind; OTHER is no value that a conf can have.
    values = its["defaults"] or [each for each in its["fallbacks"] if each not in ("0", "OTHER")]
    if len(values) != 1:
        return ""
    value: str = values[0]
    if most_telling(its["types"]) == "boolean" and value in ("0", "1"):
        value = "true" if value == "1" else "false"
    return value.replace("*/", "~/", 1)


def most_telling(types: list[str]) -> str:
    return next((each for each in TYPES if each in types), "string")


def parts_and_prefixes(found: dict[str, Any]) -> tuple[list[dict[str, str]], list[str]]:
    """Parts that are configured under a prefix, and prefixes under which any key is passed on."""
    parts, prefixes = [], []
    for prefix, its in found["prefixes"].items():
        kinds = {PART_KINDS[name] for name in its["to"] if name in PART_KINDS}
        if kinds:
            by_type = prefix + "type"
            named = by_type if by_type in found["keys"] else prefix.removesuffix(".")
            parts.append({"prefix": prefix, "type_key": named, "interface": kinds.pop()})
        elif its["passedOn"] or not any(key.startswith(prefix) for key in found["keys"]):
            prefixes.append(prefix)
    return parts, prefixes


def renames(cls: str, found: dict[str, Any], by_hand: dict[str, Any]) -> list[dict[str, Any]]:
    result = []
    for each in by_hand["renamed"]:
        if each["class"] == cls:
            new = each.get("new", "")
            if new and new not in found["keys"] and not any(map(new.startswith, found["prefixes"])):
                raise ValueError(f"known_by_hand.toml: {cls} does not read {new}")
            entry = {name: value for name, value in each.items() if name != "class"}
            result.append({**entry, "new": new, "read": each["old"] in found["keys"]})
    return result


def text_of(data: dict[str, Any]) -> str:
    """JSON with a key, a rename or a part on each line, so that a difference can be read."""
    lines = ["{", f' "flume": {json.dumps(data["flume"])},', ' "components": [']
    blocks = []
    for each in data["components"]:
        fields = []
        for name, value in each.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                rows = ",\n".join(f"    {json.dumps(row)}" for row in value)
                fields.append(f"   {json.dumps(name)}: [\n{rows}\n   ]")
            else:
                fields.append(f"   {json.dumps(name)}: {json.dumps(value)}")
        blocks.append("  {\n" + ",\n".join(fields) + "\n  }")
    return "\n".join([*lines, ",\n".join(blocks), " ]", "}", ""])


def main() -> None:
    text = text_of(components())
    if "--check" in sys.argv:
        if OUTPUT.read_text() != text:
            sys.exit(f"{OUTPUT} is not what Flume reads; python -m tools.flumelint.make_components")
        return
    OUTPUT.write_text(text)


if __name__ == "__main__":
    main()
