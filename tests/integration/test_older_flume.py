"""Agents of Flume 1.9 and 1.10 send to this project's receivers, and SparkSink runs in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.support.flume import FLUME_HOME
from tests.support.receiver import ReceiverProgram
from tests.support.spark import ROOT, Program, RecordedSpark, free_port, wait_for
from tools.matrix.plan import OLDER_FLUMES

SPARK_SINK = ROOT / "connector/java/spark-sink/target/spark-sink.jar"
NETTY_4 = ("buffer", "codec", "common", "resolver", "transport")
"""The jars beyond Flume 1.9's own that SparkSink needs there."""

LINES = 5_000
PLAIN, COMPRESSED = 0, 1

CONF = """
old.sources = spool
old.channels = one two three four
old.sinks = plain compressed durable pulled
old.sources.spool.type = spooldir
old.sources.spool.spoolDir = {spool}
old.sources.spool.channels = one two three four
old.channels.one.type = memory
old.channels.one.capacity = 10000
old.channels.two.type = memory
old.channels.two.capacity = 10000
old.channels.three.type = file
old.channels.three.checkpointDir = {folder}/checkpoint
old.channels.three.dataDirs = {folder}/data
old.channels.four.type = memory
old.channels.four.capacity = 10000
old.sinks.plain.type = avro
old.sinks.plain.channel = one
old.sinks.plain.hostname = 127.0.0.1
old.sinks.plain.port = {plain}
old.sinks.compressed.type = avro
old.sinks.compressed.channel = two
old.sinks.compressed.hostname = 127.0.0.1
old.sinks.compressed.port = {compressed}
old.sinks.compressed.compression-type = deflate
old.sinks.durable.type = avro
old.sinks.durable.channel = three
old.sinks.durable.hostname = 127.0.0.1
old.sinks.durable.port = {durable}
old.sinks.pulled.type = org.apache.spark.streaming.flume.sink.SparkSink
old.sinks.pulled.channel = four
old.sinks.pulled.hostname = 127.0.0.1
old.sinks.pulled.port = {pulled}
"""


@dataclass
class Senders:
    """An agent of each version, which sends its own lines to all receivers."""

    spark: RecordedSpark
    landing: Path

    def arrived(self, stream: int, flume: str) -> list[str]:
        """The bodies of this version's events."""
        events = (event for batch in self.spark.batches(stream) for event in batch["events"])
        return [body for _, body in events if body.startswith(f"{flume} ")]

    def check(self, stream: int, flume: str) -> None:
        """Each line once; several connections may change their order."""
        self.spark.wait_for(
            lambda: len(self.arrived(stream, flume)) >= LINES, f"stream {stream} has {LINES} events"
        )
        assert sorted(self.arrived(stream, flume)) == sorted(lines(flume))


def lines(flume: str) -> list[str]:
    return [f"{flume} line {number}" for number in range(LINES)]


def start_agent(flume: str, folder: Path, **ports: int) -> Program:
    jars = ROOT / f"runtimes/older-flume/flume-{flume}/target/lib"
    if not jars.is_dir():
        pytest.skip(f"{jars} is missing: mvn -f runtimes/pom.xml -P older-flume package")
    spool, conf = folder / "spool", folder / "old.conf"
    spool.mkdir(parents=True)
    (spool / "lines.log").write_text("".join(f"{line}\n" for line in lines(flume)))
    conf.write_text(CONF.format(folder=folder, spool=spool, **ports))
    netty = [jar for part in NETTY_4 for jar in (FLUME_HOME / "lib").glob(f"netty-{part}-4.*.jar")]
    more = netty if flume == "1.9" else []
    java = os.environ.get("JAVA_HOME", "")
    command = [f"{java}/bin/java" if java else "java", "-Xmx128m", "-XX:+UseSerialGC"]
    command += ["-cp", os.pathsep.join(map(str, (f"{jars}/*", SPARK_SINK, *more)))]
    node = ["org.apache.flume.node.Application", "--name", "old", "--conf-file", str(conf)]
    return Program([*command, *node, "--no-reload-conf"], folder, dict(os.environ))


@pytest.fixture(scope="module")
def senders(
    start_spark: Callable[..., RecordedSpark], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Senders]:
    folder = tmp_path_factory.mktemp("older-flume")
    pulled = {flume: free_port() for flume in OLDER_FLUMES}
    polling = [{"addresses": [("127.0.0.1", pulled[flume])]} for flume in OLDER_FLUMES]
    spark = start_spark("local[5]", {}, {"decompress": True}, *polling)
    agents = []
    with ReceiverProgram(folder) as receiver:
        try:
            spark.wait_until_listening(PLAIN)
            spark.wait_until_listening(COMPRESSED)
            pushed = {
                "plain": spark.port(PLAIN),
                "compressed": spark.port(COMPRESSED),
                "durable": receiver.port,
            }
            for flume in OLDER_FLUMES:
                agents.append(start_agent(flume, folder / flume, pulled=pulled[flume], **pushed))
            yield Senders(spark, receiver.landing)
        finally:
            for agent in agents:
                agent.kill()


@pytest.mark.parametrize("flume", OLDER_FLUMES)
@pytest.mark.parametrize("stream", [PLAIN, COMPRESSED], ids=["plain", "deflate"])
def test_an_older_flumes_avro_sink_pushes_each_line_once(
    senders: Senders, stream: int, flume: str
) -> None:
    senders.check(stream, flume)


@pytest.mark.parametrize("flume", OLDER_FLUMES)
def test_an_older_flumes_file_channel_empties_into_a_landing_log(
    senders: Senders, session: SparkSession, flume: str
) -> None:
    log = session.read.format("flume").option("landing", str(senders.landing))

    def landed() -> list[str]:
        rows = log.load().selectExpr("cast(body as string) body").collect()
        return [row.body for row in rows if row.body.startswith(f"{flume} ")]

    wait_for(lambda: len(landed()) >= LINES, f"the landing log has {LINES} events of {flume}")
    assert sorted(landed()) == sorted(lines(flume))


@pytest.mark.parametrize("flume", OLDER_FLUMES)
def test_spark_polls_each_line_once_from_an_older_flume(senders: Senders, flume: str) -> None:
    senders.check(len((PLAIN, COMPRESSED)) + OLDER_FLUMES.index(flume), flume)
