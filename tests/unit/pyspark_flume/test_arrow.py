"""Events as record batches for Spark."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark_flume.arrow import record_batch, schema_of
from pyspark_flume.events import event_positions as columns_module
from pyspark_flume.events.event_positions import scan_events, slice_events
from pyspark_flume.events.record import decode_events, encode_event

SCHEMA = schema_of(
    [
        ("body", "binary"),
        ("headers", "map<string,string>"),
        ("timestamp", "timestamp"),
        ("offset", "bigint"),
        ("arrival", "timestamp"),
    ]
)
Event = tuple[dict[str, str], bytes]
ARRIVAL_MS = 1_700_000_000_123
ARRIVAL = datetime(2023, 11, 14, 22, 13, 20, 123_000, UTC)


def batch_of(*events: Event, schema: pa.Schema = SCHEMA) -> pa.RecordBatch:
    data = b"".join(encode_event(*event) for event in events)
    batch = record_batch(scan_events(data, len(events)), 7, ARRIVAL_MS, schema)
    batch.validate(full=True)
    return batch


def headers_of(data: bytes, count: int) -> list[dict[str, str]]:
    batch = record_batch(scan_events(data, count), 0, ARRIVAL_MS, SCHEMA)
    batch.validate(full=True)
    for pairs in (maps := batch["headers"].to_pylist()):
        assert len(dict(pairs)) == len(pairs), "a key twice fails Spark's query"
    return [dict(pairs) for pairs in maps]


def test_a_batch_has_a_row_an_event() -> None:
    assert batch_of(({}, b"hi"), ({"a": "b", "c": ""}, b"\xff")).to_pylist() == [
        {"body": b"hi", "headers": [], "timestamp": ARRIVAL, "offset": 7, "arrival": ARRIVAL},
        {
            "body": b"\xff",
            "headers": [("a", "b"), ("c", "")],
            "timestamp": ARRIVAL,
            "offset": 8,
            "arrival": ARRIVAL,
        },
    ]


def test_a_batch_has_the_columns_of_the_schema_in_its_order() -> None:
    schema = schema_of([("offset", "bigint"), ("body", "string")])
    batch = batch_of(({"a": "b"}, b"hi"), ({}, "für".encode()), ({}, b"f\xfcr"), schema=schema)

    assert batch.to_pylist() == [
        {"offset": 7, "body": "hi"},
        {"offset": 8, "body": "für"},
        {"offset": 9, "body": "f\ufffdr"},
    ]


def test_a_batch_may_be_empty() -> None:
    assert batch_of().num_rows == 0
    assert batch_of().schema == SCHEMA


def test_the_schema_is_exactly_the_one_that_spark_requires() -> None:
    from pyspark.sql import types
    from pyspark.sql.pandas.types import to_arrow_schema

    text = types.StringType()
    kinds = [
        types.BinaryType(),
        text,
        types.MapType(text, text),
        types.TimestampType(),
        types.LongType(),
    ]
    columns = types.StructType([types.StructField(kind.simpleString(), kind) for kind in kinds])
    required = to_arrow_schema(columns, timezone="UTC")
    schema = schema_of((name, name) for name in columns.names)

    assert required.equals(schema, check_metadata=True)
    assert str(required) == str(schema)  # with the names and nullability inside the map


# --- timestamps ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1700000000123", ARRIVAL),
        ("1800000000001", datetime(2027, 1, 15, 8, 0, 0, 1000, UTC)),
        ("253402300799999", datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)),
        ("253402300800000", ARRIVAL),
        ("9" * 18, ARRIVAL),
        ("9" * 40, ARRIVAL),
        ("-1", ARRIVAL),
        ("", ARRIVAL),
        ("2023-11-14", ARRIVAL),
    ],
)
def test_the_timestamp_header_counts_if_it_is_a_time(text: str, expected: datetime) -> None:
    batch = batch_of(({"timestamp": text}, b""), ({}, b""), ({"a": "0"}, b""))

    assert batch["timestamp"].to_pylist() == [expected, ARRIVAL, ARRIVAL]
    assert batch["arrival"].to_pylist() == [ARRIVAL] * 3


# --- headers ------------------------------------------------------------------------------------


def test_of_a_key_that_comes_twice_the_last_value_counts() -> None:
    event = bytes.fromhex("06 0261 0262 0263 00 0261 0264 00 00")

    assert headers_of(event, 1) == [{"a": "d", "c": ""}]
    assert headers_of(event * 50, 50) == [{"a": "d", "c": ""}] * 50
    assert headers_of(event + b"\0\0" + event, 3) == [{"a": "d", "c": ""}, {}, {"a": "d", "c": ""}]


def test_bytes_that_are_not_utf8_become_replacement_characters() -> None:
    event = bytes.fromhex("02 02ff 04c328 00 02 ff")

    assert headers_of(event * 50, 50) == [{"\ufffd": "\ufffd("}] * 50
    # Two keys that become the same text.
    twice = bytes.fromhex("04 02ff 0261 02fe 0262 00 00")
    assert headers_of(twice, 1) == [{"\ufffd": "b"}]
    assert headers_of(twice * 50, 50) == [{"\ufffd": "b"}] * 50


headers = st.dictionaries(st.text(max_size=4), st.text(max_size=70), max_size=3)
events = st.tuples(headers, st.binary(max_size=100))


@given(st.lists(events, max_size=20), st.integers(1, 20), st.integers(0, 40), st.data())
@settings(deadline=None)
def test_rows_are_what_decode_events_finds(
    events: list[Event], times: int, uniform_events_min: int, data: st.DataObject
) -> None:
    wire = b"".join(encode_event(*event) for event in events) * times
    decoded = list(decode_events(wire))
    first = data.draw(st.integers(0, len(decoded)))
    last = data.draw(st.integers(first, len(decoded)))

    with patch.object(columns_module, "UNIFORM_EVENTS_MIN", uniform_events_min):
        columns = slice_events(scan_events(memoryview(wire), len(decoded)), first, last)
    batch = record_batch(columns, first, ARRIVAL_MS, SCHEMA)
    batch.validate(full=True)

    rows = zip(batch["headers"].to_pylist(), batch["body"].to_pylist(), strict=True)
    assert [(dict(pairs), body) for pairs, body in rows] == decoded[first:last]
    assert batch["offset"].to_pylist() == list(range(first, last))
