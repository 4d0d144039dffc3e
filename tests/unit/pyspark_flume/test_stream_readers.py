"""What Spark's driver asks of ``format("flume")``, with and without limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark_flume import datasource, datasource_readers
from pyspark_flume.datasource_readers import EventRange, UnlimitedStreamReader
from pyspark_flume.errors import OffsetTooOld
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter, Retention
from pyspark_flume.limited_reader import LimitedStreamReader
from pyspark_flume.options.source import SourceOptions

from tests.support.avro_client import lines

EVENTS = 100


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    with LandingWriter.open(tmp_path / "landing", identify, segment_bytes=1) as writer:
        for first in range(0, EVENTS, 10):
            batch = lines(*map(str, range(first, first + 10)))
            writer.append(b"".join(batch), len(batch), [])
            writer.commit()
    return tmp_path / "landing"


def reader(landing: Path, **options: str) -> UnlimitedStreamReader:
    return UnlimitedStreamReader(
        SourceOptions.parse({"landing": str(landing), **options}), [("body", "binary")]
    )


def test_the_reader_is_the_one_that_this_spark_can_ask(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = datasource.FlumeDataSource({"landing": str(landing)})
    assert isinstance(source.streamReader(source.schema()), LimitedStreamReader)

    monkeypatch.setattr(datasource, "find_spec", lambda name: None)
    assert isinstance(source.streamReader(source.schema()), UnlimitedStreamReader)


@pytest.mark.parametrize("limit", ["maxRowsPerTrigger", "maxBytesPerTrigger"])
def test_without_limits_a_micro_batch_has_all_events_and_one_line_says_so(
    landing: Path, limit: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked = reader(landing, **{limit: "30"})
    start = asked.initialOffset()

    assert [asked.latestOffset()["events"] for _ in range(2)] == [EVENTS, EVENTS]
    assert asked.partitions(start, asked.latestOffset()) == [EventRange(str(landing), 0, EVENTS)]
    [line] = caplog.messages
    assert line.startswith("pyspark_flume: maxRowsPerTrigger and maxBytesPerTrigger need Spark 4.2")


def test_large_batches_are_not_joined_beyond_what_arrow_can_address(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(b"".join(lines(*map(str, range(10, 20)))))
    monkeypatch.setattr(datasource_readers, "READ_BYTES", 2 * size)
    asked = reader(landing)
    [task] = asked.partitions(asked.initialOffset(), asked.latestOffset())

    batches = list(asked.read(task))

    assert [batch.num_rows for batch in batches] == [20] * 5
    bodies = [body for batch in batches for body in batch["body"].to_pylist()]
    assert bodies == [b"%d" % number for number in range(EVENTS)]


def test_a_query_without_a_limit_is_told_nothing(
    landing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader(landing).latestOffset()
    assert not caplog.messages


def test_events_that_retention_has_removed_are_missed_on_the_driver(landing: Path) -> None:
    asked = reader(landing)
    start = asked.initialOffset()
    with LandingWriter.open(landing, identify) as writer:
        assert writer.retain(Retention(size_bytes=1))

    with pytest.raises(OffsetTooOld):
        asked.partitions(start, asked.latestOffset())
