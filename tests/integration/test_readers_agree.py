"""Python's reader of a landing log and the JVM's: the same rows from the same bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark_flume import DefaultSource
from pyspark_flume.avro_binary import encode_bytes, encode_long
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter

from tests.support.landing import flip, segment_paths

SEED = 20_261_129
KEYS = ["host", "timestamp", "ä", "k" * 70]
BODIES = [b"", b"a line", "für €".encode(), b"f\xfcr", b"\xe2\x82", b"\xff" * 9, b"x" * 9000]
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
    with LandingWriter.open(tmp_path / "landing", identify, segment_bytes=2_000_000) as writer:
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


def rows(frame: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in frame.orderBy("offset").collect()]


def is_read_in_the_jvm(frame: DataFrame) -> bool:
    plan: str = frame._jdf.queryExecution().executedPlan().toString()
    assert "BatchScan" in plan
    # Spark converts our columns to rows; Python's reader gives it rows.
    return "ColumnarToRow" in plan


@pytest.mark.parametrize(
    "schema", ["", "offset bigint, body string, arrival timestamp", "headers map<string,string>, "
    "offset bigint"]
)  # fmt: skip
def test_both_give_the_same_rows(session: SparkSession, landing: Path, schema: str) -> None:
    ours = read(session, "flume", landing, schema)
    python = read(session, "flume_in_python", landing, schema)

    assert is_read_in_the_jvm(ours)
    assert not is_read_in_the_jvm(python)
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
    frame = read(session, "flume", landing).selectExpr("length(body)")
    plan = frame._jdf.queryExecution().executedPlan().toString()

    assert "BatchScan flume[body#" in plan
    assert "headers" not in plan
