"""Python's reader of a landing log and the JVM's: the same rows from the same bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSourceReader, InputPartition
from pyspark.sql.functions import desc
from pyspark.sql.types import StructType
from pyspark_flume import DefaultSource
from pyspark_flume.avro_binary import encode_bytes, encode_long
from pyspark_flume.datasource_readers import UnlimitedStreamReader
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter

from tests.support.landing import flip, segment_paths
from tests.support.spark import registered_anew, wait_for

SEED = 20_261_129
KEYS = ["host", "timestamp", "ä", "k" * 70]
BODIES = [b"", b"a line", "für €".encode(), b"x" * 9000]
BODIES += [b"f\xfcr", b"\xe2\x82", b"\xff" * 9, b"\xed\xa0\x80", b"\xed\xa0", b"\xf4\x90\x80\x80"]
TIMES = ["0", "1769860800123", "253402300800000", "9" * 19, "-1", "", " 5", "5.0", "٣"]
# PySpark has classes of its own for errors from Python, and for few of those from the JVM.
FAILURES = {"flume": Py4JJavaError, "flume_in_python": PySparkException}
READ_BYTES = 1024 * 1024  # of RangeReader: a log of several MiB needs several reads


class InPython(DefaultSource):
    """The source where Spark does not have our jar. Under another name Spark finds no JVM class."""

    @classmethod
    def name(cls) -> str:
        return "flume_in_python"


def odd_events(draw: random.Random, count: int) -> Iterator[bytes]:
    for _ in range(count):
        headers = {key: draw.choice(TIMES) for key in draw.sample(KEYS, draw.choice([0, 0, 1, 4]))}
        yield encode_event(headers, draw.choice(BODIES))


def twice(key: bytes, *values: bytes) -> bytes:
    """An event that has a key more than once, in a block of the map for each."""
    blocks = (encode_long(1) + encode_bytes(key) + encode_bytes(value) for value in values)
    return b"".join(blocks) + b"\0" + encode_bytes(b"twice")


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    draw = random.Random(SEED)
    odd = [twice(b"timestamp", b"7", b"8"), twice(b"timestamp", b"7", b"no time")]
    odd += [twice(b"\xff", b"1", b"2"), twice(b"a", b"\xff", b"")]
    with LandingWriter.open(tmp_path / "landing", identify, segment_bytes=1_200_000) as writer:
        for batch in [odd, *(list(odd_events(draw, draw.randint(1, 400))) for _ in range(20))]:
            writer.append(b"".join(batch), len(batch), [])
            writer.commit()
    written = segment_paths(tmp_path / "landing")
    assert len(written) > 2
    assert any(path.stat().st_size > READ_BYTES for path in written)
    return tmp_path / "landing"


def read(session: SparkSession, source: str, landing: Path, schema: str = "") -> DataFrame:
    session.dataSource.register(InPython)
    reader = session.read.format(source).options(landing=str(landing), minPartitions="3")
    return (reader.schema(schema) if schema else reader).load()


def rows(frame: DataFrame) -> list[list[Any]]:
    """The rows; a map's order counts, too."""
    return [
        [list(value.items()) if isinstance(value, dict) else value for value in row]
        for row in frame.orderBy("offset").collect()
    ]


def plan_of(frame: DataFrame) -> str:
    plan: str = frame._jdf.queryExecution().executedPlan().toString()
    assert "BatchScan" in plan
    return plan


# Spark converts our columns to rows; Python's reader gives it rows.
IN_THE_JVM = "ColumnarToRow"


@pytest.mark.parametrize(
    "schema", ["", "offset bigint, body string, arrival timestamp", "headers map<string,string>, "
    "offset bigint"]
)  # fmt: skip
def test_both_give_the_same_rows(session: SparkSession, landing: Path, schema: str) -> None:
    ours = read(session, "flume", landing, schema)
    python = read(session, "flume_in_python", landing, schema)

    assert IN_THE_JVM in plan_of(ours)
    assert IN_THE_JVM not in plan_of(python)
    assert rows(ours) == rows(python)
    assert ours.count() == python.count() > 1000


@pytest.mark.parametrize("source", FAILURES)
def test_both_notice_a_changed_byte_and_say_the_same(
    session: SparkSession, landing: Path, source: str
) -> None:
    path = segment_paths(landing)[1]
    flip(path, 700_000)

    with pytest.raises(FAILURES[source]) as error:
        read(session, source, landing).count()
    assert f"{path} is damaged at byte " in str(error.value)
    assert "its checksum differs from the index; restore it from a copy" in str(error.value)


@pytest.mark.parametrize("source", FAILURES)
def test_both_notice_an_index_that_is_lost(
    session: SparkSession, landing: Path, source: str
) -> None:
    index = segment_paths(landing)[1].with_suffix(".index")
    index.unlink()

    with pytest.raises(FAILURES[source]) as error:
        read(session, source, landing).count()
    assert f"{index} is damaged or lost; remove it and restart the receiver" in str(error.value)


def test_a_query_reads_only_the_columns_that_it_uses(session: SparkSession, landing: Path) -> None:
    plan = plan_of(read(session, "flume", landing).selectExpr("length(body)"))

    assert "BatchScan flume[body#" in plan
    assert "headers" not in plan


@pytest.mark.parametrize("compiled", ["true", "false"])
def test_a_value_stays_right_when_the_next_events_are_read(
    session: SparkSession, landing: Path, compiled: str
) -> None:
    """The JVM's reader overwrites its bytes with each read."""

    def summary(source: str) -> list[Any]:
        schema = "body string, headers map<string,string>, offset bigint"
        events = read(session, source, landing, schema).cache()
        try:
            by_host = events.groupBy("headers.host").agg(
                {"body": "max", "headers.timestamp": "min", "offset": "sum"}
            )
            longest = events.orderBy(desc("body"), "offset").limit(5)
            twins = events.join(events.selectExpr("body", "offset AS twin"), "body").count()
            in_python = events.rdd.map(lambda row: (row.body, row.offset)).take(3000)
            return [sorted(map(str, by_host.collect())), longest.collect(), twins, in_python]
        finally:
            events.unpersist()

    session.conf.set("spark.sql.codegen.wholeStage", compiled)
    try:
        assert summary("flume") == summary("flume_in_python")
    finally:
        session.conf.unset("spark.sql.codegen.wholeStage")


def test_a_task_that_stops_early_leaves_no_file_open(session: SparkSession, landing: Path) -> None:
    def open_segments() -> list[str]:
        java = [p for p in psutil.Process().children(recursive=True) if p.name() == "java"]
        assert java
        return [f.path for p in java for f in p.open_files() if f.path.endswith(".avro")]

    for _ in range(3):
        assert len(read(session, "flume", landing).limit(1).collect()) == 1
    wait_for(lambda: not open_segments(), "all segments are closed")


@pytest.mark.parametrize(
    "limited",
    [True, pytest.param(False, marks=registered_anew)],
    ids=["as it is", "without limits"],
)
def test_a_stream_is_read_in_the_jvm(
    session: SparkSession, landing: Path, tmp_path: Path, limited: bool
) -> None:
    class WithoutLimits(DefaultSource):
        """What Python plans before Spark 4.2."""

        def streamReader(self, schema: StructType) -> UnlimitedStreamReader:  # noqa: N802
            columns = [(field.name, field.dataType.simpleString()) for field in schema]
            return UnlimitedStreamReader(self._options, columns)

    if not limited:
        session.dataSource.register(WithoutLimits)
    try:
        events = session.readStream.format("flume").option("landing", str(landing)).load()
        writer = (
            events.writeStream.format("memory").queryName("streamed").trigger(availableNow=True)
        )
        query = writer.option("checkpointLocation", str(tmp_path / "checkpoint")).start()
        assert query.awaitTermination(60)
        assert IN_THE_JVM in query._jsq.explainInternal(False)
        assert rows(session.table("streamed")) == rows(read(session, "flume_in_python", landing))
    finally:
        if not limited:
            session.dataSource.register(DefaultSource)


@registered_anew
def test_a_source_of_that_name_that_is_not_ours_is_refused(
    session: SparkSession, landing: Path
) -> None:
    class Other(DefaultSource):
        def reader(self, schema: StructType) -> DataSourceReader:
            class Reader(DataSourceReader):
                def partitions(self) -> list[InputPartition]:
                    return [InputPartition(1)]

                def read(self, partition: InputPartition) -> Iterator[tuple[Any, ...]]:
                    yield ()

            return Reader()

    session.dataSource.register(Other)
    try:
        with pytest.raises((PySparkException, Py4JJavaError)) as error:
            read(session, "flume", landing).count()
        assert "give a source of your own another name" in str(error.value)
    finally:
        session.dataSource.register(DefaultSource)


def test_what_cannot_be_written_says_so(session: SparkSession, landing: Path) -> None:
    with pytest.raises(PySparkException) as error:
        frame = session.range(1).selectExpr("cast('a' AS binary) AS body")
        frame.write.format("flume").option("landing", str(landing)).mode("append").save()
    assert "not implemented" in str(error.value).lower()
    assert "INTERNAL_ERROR" not in str(error.value)
