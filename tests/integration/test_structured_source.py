"""``format("flume")`` in a real Spark: rows, micro-batches and errors."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import StreamingQuery
from pyspark.sql.types import StructType
from pyspark_flume import DefaultSource
from pyspark_flume.datasource_readers import UnlimitedStreamReader
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import Landing, LandingWriter, Retention

from tests.support.at_once import at_once
from tests.support.avro_client import OK, AvroClient, append_batch, handshake, lines
from tests.support.spark import (
    PROGRAMS,
    ROOT,
    Program,
    accepts,
    environment,
    free_port,
    registered_anew,
    wait_for,
)

pytestmark = pytest.mark.usefixtures("begun")  # the slow ones begin with the first test
with_limits = pytest.mark.skipif(
    not importlib.util.find_spec("pyspark.sql.streaming.datasource"), reason="from Spark 4.2 on"
)
SCHEMA = (
    "struct<body:binary,headers:map<string,string>,timestamp:timestamp,offset:bigint,"
    "arrival:timestamp>"
)


def fill(landing: Path, *batches: list[bytes], segment_bytes: int = 1 << 20) -> None:
    with LandingWriter.open(landing, identify, segment_bytes) as writer:
        for batch in batches:
            writer.append(b"".join(batch), len(batch), [])
            writer.commit()


def batches_of(first: int, last: int, size: int = 10) -> list[list[bytes]]:
    return [
        lines(*(f"{number:06d}" for number in range(at, at + size)))
        for at in range(first, last, size)
    ]


def numbers(first: int, last: int) -> list[bytes]:
    return [b"%06d" % number for number in range(first, last)]


class Query:
    """A running query and the rows of its micro-batches."""

    def __init__(
        self,
        session: SparkSession,
        checkpoint: Path,
        then: Callable[[int], None] = lambda number: None,
        trigger: dict[str, Any] | None = None,
        source: str = "flume",
        **options: Any,
    ) -> None:
        self.batches: dict[int, list[bytes]] = {}

        def collect(batch: DataFrame, number: int) -> None:
            rows = batch.select("body", "offset").orderBy("offset").collect()
            self.batches[number] = [bytes(row.body) for row in rows]
            then(number)

        events = session.readStream.format(source).options(**options).load()
        writer = events.writeStream.option("checkpointLocation", str(checkpoint))
        self.query: StreamingQuery = (
            writer.foreachBatch(collect)
            .trigger(**(trigger or {"processingTime": "0 seconds"}))
            .start()
        )

    def __enter__(self) -> Query:
        return self

    def __exit__(self, *_: object) -> None:
        self.query.stop()

    def bodies(self) -> list[bytes]:
        return [body for number in sorted(self.batches) for body in self.batches[number]]

    def failure(self) -> str:
        """The error that ends it."""
        with pytest.raises(PySparkException) as error:
            self.query.awaitTermination(60)
            pytest.fail("the query goes on")
        return str(error.value)


def read(session: SparkSession, landing: Path, **options: Any) -> DataFrame:
    return session.read.format("flume").options(landing=str(landing), **options).load()


# --- what arrives -------------------------------------------------------------------------------


def test_an_event_is_a_row_and_nothing_has_to_be_registered(
    session: SparkSession, tmp_path: Path
) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    headers = {"host": "web-1", "timestamp": "1769860800123"}
    fill(tmp_path, [encode_event({}, b"\xff"), encode_event(headers, b"b")])

    events = read(session, tmp_path)
    assert events.schema.simpleString() == SCHEMA
    plain, stamped = events.orderBy("offset").selectExpr(
        "*", "cast(timestamp as string) t", "cast(arrival as string) a"
    ).collect()  # fmt: skip
    assert (plain.offset, bytes(plain.body), plain.headers) == (0, b"\xff", {})
    assert (stamped.offset, bytes(stamped.body), stamped.headers) == (1, b"b", headers)
    assert plain.t == plain.a
    assert stamped.t == "2026-01-31 12:00:00.123"
    assert datetime.fromisoformat(stamped.a).timestamp() == pytest.approx(
        before.timestamp(), abs=60
    )

    assert read(session, tmp_path, headers="false").columns == [
        "body", "timestamp", "offset", "arrival",
    ]  # fmt: skip
    assert read(session, tmp_path, HEADERS="False").count() == 2


def test_a_read_begins_and_is_split_as_its_options_say(
    session: SparkSession, tmp_path: Path
) -> None:
    fill(tmp_path, *batches_of(0, 100), segment_bytes=300)
    filled = datetime.now(UTC).timestamp()
    wait_for(lambda: datetime.now(UTC).timestamp() > filled + 0.01, "a later millisecond")
    middle = datetime.now(UTC)
    wait_for(lambda: datetime.now(UTC).timestamp() > middle.timestamp() + 0.01, "later")
    fill(tmp_path, *batches_of(100, 130))

    at = read(session, tmp_path, startingOffset=middle.isoformat())
    assert sorted(bytes(row.body) for row in at.collect()) == numbers(100, 130)
    assert read(session, tmp_path, startingOffset="latest").count() == 0
    split = read(session, tmp_path, minPartitions=7)
    assert split.rdd.getNumPartitions() == 7
    assert sorted(bytes(row.body) for row in split.collect()) == numbers(0, 130)


@with_limits
def test_a_query_continues_from_its_checkpoint_in_batches_within_its_limit(
    session: SparkSession, tmp_path: Path
) -> None:
    landing, checkpoint = tmp_path / "landing", tmp_path / "checkpoint"
    fill(landing, *batches_of(0, 100))
    with Query(session, checkpoint, landing=landing, maxRowsPerTrigger=30) as first:
        first.query.processAllAvailable()
        progress = [p for p in first.query.recentProgress if p["numInputRows"]]
    assert [len(batch) for batch in first.batches.values()] == [30, 30, 30, 10]
    assert [p["numInputRows"] for p in progress] == [30, 30, 30, 10]
    offsets = [
        [source[name]["events"] for name in ("endOffset", "latestOffset")]
        for p in progress
        for source in map(as_json, p["sources"])
    ]
    assert offsets == [[30, 100], [60, 100], [90, 100], [100, 100]], "the lag shows"

    fill(landing, *batches_of(100, 150))
    with Query(session, checkpoint, landing=landing) as second:
        second.query.processAllAvailable()
        assert first.bodies() + second.bodies() == numbers(0, 150)
        count = len(second.batches)
        second.query.processAllAvailable()
        assert len(second.batches) == count, "an empty trigger makes no batch"


def as_json(source: Any) -> dict[str, Any]:
    """A source's progress; Spark gives an offset as text or already parsed."""
    return {
        name: json.loads(value) if isinstance(value, str) and value.startswith("{") else value
        for name, value in dict(source).items()
    }


@with_limits
def test_available_now_reads_the_events_of_its_start_in_several_batches(
    session: SparkSession, tmp_path: Path
) -> None:
    landing = tmp_path / "landing"
    fill(landing, *batches_of(0, 100))
    block = (Landing(landing).segments()[0].length // 10) + 1

    def fill_more(number: int) -> None:
        if number == 1:
            fill(landing, *batches_of(100, 120))

    with Query(
        session,
        tmp_path / "checkpoint",
        fill_more,
        {"availableNow": True},
        landing=landing,
        maxBytesPerTrigger=3 * block,
    ) as query:
        assert query.query.awaitTermination(60)
    assert query.bodies() == numbers(0, 100)
    assert all(len(batch) in (10, 20, 30, 40) for batch in query.batches.values())
    assert len(query.batches) >= 3


@pytest.mark.parametrize("trigger", [{"processingTime": "0 seconds"}, {"availableNow": True}])
def test_a_spark_that_knows_no_limits_reads_all_events_at_once_and_continues(
    session: SparkSession, tmp_path: Path, trigger: dict[str, Any]
) -> None:
    class WithoutLimits(DefaultSource):
        """The source as Spark 4.0 and 4.1 use it; later ones can do so, too."""

        @classmethod
        def name(cls) -> str:
            return "flume_without_limits"

        def streamReader(self, schema: StructType) -> UnlimitedStreamReader:  # noqa: N802
            columns = [(field.name, field.dataType.simpleString()) for field in schema]
            return UnlimitedStreamReader(self._options, columns)

    def batches_of_a_query() -> list[list[bytes]]:
        options = {"landing": landing, "maxRowsPerTrigger": 30, "source": "flume_without_limits"}
        with Query(session, tmp_path / "checkpoint", trigger=trigger, **options) as query:
            query.query.processAllAvailable()
        return list(query.batches.values())

    session.dataSource.register(WithoutLimits)
    landing = tmp_path / "landing"
    fill(landing, *batches_of(0, 100))
    assert batches_of_a_query() == [numbers(0, 100)]
    fill(landing, *batches_of(100, 150))
    assert batches_of_a_query() == [numbers(100, 150)]

    fill(tmp_path / "foreign", *batches_of(0, 10))
    options = {"landing": tmp_path / "foreign", "source": "flume_without_limits"}
    with Query(session, tmp_path / "checkpoint", trigger=trigger, **options) as query:
        assert "OffsetForeign" in query.failure()
    fill(landing, *batches_of(150, 160))
    assert batches_of_a_query() == [numbers(150, 160)]


# --- with a port, the query receives ------------------------------------------------------------


def send(port: int, *batches: list[bytes]) -> None:
    with AvroClient(port) as client:
        client.call(handshake())
        for batch in batches:
            assert client.call(append_batch(batch)) == OK


def listener(port: int) -> psutil.Process:
    """The process that listens on `port`; it is not this one, which is Spark's parent."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(
                c.laddr.port == port and c.status == psutil.CONN_LISTEN
                for c in process.net_connections("tcp")
            ):
                return process
    pytest.fail(f"none of this test's processes listens on {port}")


def test_a_query_with_a_port_receives_while_another_one_reads(
    session: SparkSession, tmp_path: Path
) -> None:
    landing, port = tmp_path / "landing", free_port()
    receiving = {"landing": landing, "port": port, "host": "127.0.0.1"}
    with Query(session, tmp_path / "one", **receiving) as one:
        wait_for(lambda: accepts(port), "the query listens")
        send(port, *batches_of(0, 50))
        with Query(session, tmp_path / "two", landing=landing) as two:
            send(port, *batches_of(50, 100))
            one.query.processAllAvailable()
            two.query.processAllAvailable()
            assert one.bodies() == two.bodies() == numbers(0, 100)

        process = listener(port)
        process.kill()
        process.wait(10)
        # Spark's own message, "Connection reset": no process of ours is left to say more.
        assert "[STREAM_FAILED]" in one.failure()

    with Query(session, tmp_path / "one", **receiving) as again:
        wait_for(lambda: accepts(port), "the query listens again")
        send(port, *batches_of(100, 150))
        again.query.processAllAvailable()
        assert again.bodies() == numbers(100, 150)
    wait_for(lambda: not accepts(port), "the port is free after stop()")
    wait_for(lambda: lock_is_free(landing), "the lock is free after stop()")


def lock_is_free(landing: Path) -> bool:
    try:
        fill(landing)
    except Exception as error:
        assert "is written by process" in str(error)
        return False
    return True


@pytest.mark.parametrize("source", [pytest.param("flume", marks=registered_anew), "flume_again"])
def test_a_query_that_starts_changes_nothing_that_another_query_reads(
    session: SparkSession, tmp_path: Path, source: str
) -> None:
    """Spark's queries share a map, which two of them broke when they put new keys at once."""

    class Again(DefaultSource):
        """Registered anew, because the map of the source itself is complete after one query."""

        @classmethod
        def name(cls) -> str:
            return source

    def variables() -> set[str]:
        sources = session._jsparkSession.sessionState().dataSourceManager()
        return set(sources.lookupDataSource(source).dataSourceCls().envVars())

    fill(tmp_path / "landing", *batches_of(0, 10))
    session.dataSource.register(Again)
    first = variables()
    events = session.readStream.format(source).option("landing", tmp_path / "landing").load()
    prepared = variables()
    assert prepared - first >= {"SPARK_LOCAL_DIRS", "SPARK_BUFFER_SIZE"}

    writer = events.writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
    query = writer.format("memory").queryName(source).start()
    try:
        query.processAllAvailable()
    finally:
        query.stop()
    assert session.table(source).count() == 10
    assert variables() == prepared


def test_retention_by_commit_removes_what_the_query_has_done(
    session: SparkSession, tmp_path: Path
) -> None:
    landing, port = tmp_path / "landing", free_port()
    options = {"retention": "commit", "segmentBytes": 65536, "host": "127.0.0.1"}
    with Query(session, tmp_path / "checkpoint", landing=landing, port=port, **options) as query:
        wait_for(lambda: accepts(port), "the query listens")
        send(port, *(lines(bytes(40_000)) for _ in range(8)))
        log = Landing(landing)
        assert len(log.segments()) == 4
        query.query.processAllAvailable()
        send(port, lines("one more: a commit comes with the next batch"))
        query.query.processAllAvailable()
        wait_for(lambda: log.earliest() == 8, "the segments before the last one go")
        assert len(query.bodies()) == 9


@at_once
def test_a_killed_driver_continues_with_each_event_once(folder: Path) -> None:
    port, output = free_port(), folder / "output"
    output.mkdir()
    options = {"landing": str(folder / "landing"), "port": str(port), "host": "127.0.0.1"}
    job = {"options": options, "checkpoint": str(folder / "checkpoint"), "output": str(output)}

    def recorded() -> list[str]:
        return [x for part in output.glob("*.txt") for x in part.read_text().split("\n") if x]

    def start(run: int) -> Program:
        command = [sys.executable, str(PROGRAMS / "record_structured.py"), json.dumps(job)]
        driver = Program(command, folder / f"run-{run}", environment())
        driver.wait_for(lambda: accepts(port), "the query listens")
        return driver

    driver = start(1)
    try:
        send(port, *batches_of(0, 1000))
        driver.wait_for(recorded, "a batch is recorded")
        send(port, *batches_of(1000, 2000))  # the next micro-batch is running at the kill
    finally:
        driver.kill()
    driver = start(2)
    try:
        send(port, *batches_of(2000, 2100))
        driver.wait_for(lambda: len(recorded()) >= 2100, "all arrive")
    finally:
        driver.kill()
    assert sorted(recorded()) == [body.decode() for body in numbers(0, 2100)]


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"Prot": "4141"}, "OptionInvalid: unknown option prot; the options are landing, port"),
        (
            {"retention": "7d"},
            "option retention is the receiver's or the poller's; give port or agents",
        ),
        ({"maxRowsPerTrigger": 1, "maxBytesPerTrigger": 1}, "give one of them"),
    ],
)
def test_a_wrong_option_is_an_error_of_load(
    session: SparkSession, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(PySparkException) as error:
        read(session, tmp_path, **options)
    assert said in str(error.value)


def test_a_query_may_name_the_columns_that_it_wants(session: SparkSession, tmp_path: Path) -> None:
    fill(tmp_path, [encode_event({}, b"f\xc3\xbcr"), encode_event({}, b"f\xfcr")])
    source = session.read.format("flume").option("landing", str(tmp_path))

    rows = source.schema("offset bigint, body string").load().collect()

    assert [row.asDict() for row in rows] == [
        {"offset": 0, "body": "für"},
        {"offset": 1, "body": "f\ufffdr"},
    ]


def test_a_column_that_the_source_does_not_have_is_refused(
    session: SparkSession, tmp_path: Path
) -> None:
    fill(tmp_path)
    with pytest.raises(PySparkException) as error:
        session.read.format("flume").option("landing", str(tmp_path)).schema("a int").load().count()
    assert "leave out .schema(…)" in str(error.value)


def test_a_query_that_cannot_start_says_why(session: SparkSession, tmp_path: Path) -> None:
    with Query(session, tmp_path / "one", landing=tmp_path / "missing") as query:
        assert "missing holds no landing log; start the receiver on it first" in query.failure()
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        options = {"landing": tmp_path / "landing", "port": port, "host": "127.0.0.1"}
        with Query(session, tmp_path / "two", **options) as query:
            failure = query.failure()
        assert f"IngestionFailed: cannot listen on 127.0.0.1:{port}" in failure
        assert "asyncio" not in failure, "the reason is not buried in a traceback"


def test_a_checkpoint_of_another_log_is_refused(session: SparkSession, tmp_path: Path) -> None:
    landing, checkpoint = tmp_path / "landing", tmp_path / "checkpoint"
    fill(landing, *batches_of(0, 10))
    with Query(session, checkpoint, landing=landing) as query:
        query.query.processAllAvailable()

    fill(landing, *batches_of(10, 40), segment_bytes=1)
    with LandingWriter.open(landing, identify) as writer:
        assert writer.retain(Retention(size_bytes=1)) >= 2
    with Query(session, checkpoint, landing=landing) as query:
        assert "OffsetTooOld: offset 10 of " in query.failure()

    landing.rename(tmp_path / "old")
    fill(landing, *batches_of(0, 10))
    with Query(session, checkpoint, landing=landing) as query:
        assert "OffsetForeign: the checkpoint belongs to landing log" in query.failure()


def test_a_program_that_reads_text_moves_by_what_the_page_says(
    session: SparkSession, tmp_path: Path
) -> None:
    page = (ROOT / "docs/how-to/move-from-flumeutils.md").read_text()
    [code] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    port = free_port()
    names: dict[str, Any] = {"spark": session}
    exec(code.replace("/tmp/", f"{tmp_path}/").replace("4141", str(port)), names)  # noqa: S102, S108
    words = names["lines"].selectExpr("explode(split(value, ' ')) AS word")  # as after `text`
    query = words.writeStream.format("memory").queryName("moved").start()
    try:
        wait_for(lambda: accepts(port), "the query's receiver listens")
        with AvroClient(port) as client:
            assert client.call(handshake()) == b"\0\0\0\0"
            assert client.call(append_batch(lines(b"to be or", b"not to be"))) == OK
        wait_for(lambda: session.table("moved").count() == 6, "all words are there")
        found = sorted(row.word for row in session.table("moved").collect())
        assert found == ["be", "be", "not", "or", "to", "to"]
    finally:
        query.stop()
