"""Events as Arrow record batches, as Spark's Python data sources take them.

Spark demands the very schema that `pyspark.sql.pandas.types.to_arrow_schema` makes of the types
binary, map<string,string>, timestamp and bigint, with the time zone UTC.
"""

import numpy as np
import pyarrow as pa

from pyspark_flume.avroipc.columns import EventColumns, header
from pyspark_flume.avroipc.words import Ints, Mask, read_decimals, words_of

SCHEMA = pa.schema(
    [
        ("body", pa.binary()),
        ("headers", pa.map_(pa.string(), pa.string())),
        ("timestamp", pa.timestamp("us", "UTC")),
        ("offset", pa.int64()),
        ("arrival", pa.timestamp("us", "UTC")),
    ]
)
SCHEMA_WITHOUT_HEADERS = pa.schema([column for column in SCHEMA if column.name != "headers"])

# 9999-12-31T23:59:59.999Z, the last that SQL and Python have.
_TIMESTAMP_MS_MAX = 253_402_300_799_999


def record_batch(
    columns: EventColumns, first_offset: int, arrival_ms: int, with_headers: bool = True
) -> pa.RecordBatch:
    """The events as rows of `SCHEMA`, or of `SCHEMA_WITHOUT_HEADERS`.

    Event i has the offset ``first_offset + i`` in the landing log. `timestamp` is its header of
    that name, in milliseconds since 1970, and where there is none, or none up to the year 9999, it
    is `arrival_ms`.
    """
    count = columns.count
    arrival = np.full(count, arrival_ms)
    timestamp = _timestamps(columns, arrival)
    arrays = [
        _binaries(columns.data, columns.body_starts, columns.ends),
        *([_headers(columns)] if with_headers else []),
        pa.array(timestamp * 1000, SCHEMA.field("timestamp").type),
        pa.array(np.arange(first_offset, first_offset + count)),
        pa.array(arrival * 1000, SCHEMA.field("arrival").type),
    ]
    schema = SCHEMA if with_headers else SCHEMA_WITHOUT_HEADERS
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _timestamps(columns: EventColumns, arrival: Ints) -> Ints:
    index = header(columns, b"timestamp")
    events = np.flatnonzero(index >= 0)
    if not len(events):
        return arrival
    starts, ends = (column[index[events]] for column in (columns.value_starts, columns.value_ends))
    sent = read_decimals(words_of(columns.data), starts, ends)
    timestamps = arrival.copy()
    fits = (sent >= 0) & (sent <= _TIMESTAMP_MS_MAX)
    timestamps[events[fits]] = sent[fits]
    return timestamps


def _binaries(data: bytes | memoryview, starts: Ints, ends: Ints) -> pa.BinaryArray:
    """Each ``data[starts[i]:ends[i]]``; both ascend, and no two of them overlap.

    In Arrow, where one value ends the next one begins. So what lies between two is a value as well,
    and then the others are taken.
    """
    offsets = np.empty(2 * len(starts) + 1, np.int32)
    offsets[0] = 0
    offsets[1::2] = starts
    offsets[2::2] = ends
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    both = pa.Array.from_buffers(pa.binary(), 2 * len(starts), buffers)
    return both.take(pa.array(np.arange(1, 2 * len(starts), 2, np.int32)))


def _strings(data: bytes | memoryview, starts: Ints, ends: Ints) -> pa.StringArray:
    binaries = _binaries(data, starts, ends)
    try:
        return binaries.cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8: a client that breaks that must not fail everyone's query
        texts = [text.decode("utf-8", "replace") for text in binaries.to_pylist()]
        return pa.array(texts, pa.string())


def _headers(columns: EventColumns) -> pa.MapArray:
    keys = _strings(columns.data, columns.key_starts, columns.key_ends)
    values = _strings(columns.data, columns.value_starts, columns.value_ends)
    offsets = columns.header_offsets
    if columns.keys is None or _any_twice(columns.keys):
        last = _last_of_each(keys, offsets)
        keys, values = keys.filter(last), values.filter(last)
        offsets = np.concatenate(([0], np.cumsum(last)))[offsets]
    offsets = pa.array(offsets, pa.int32())
    return pa.MapArray.from_arrays(offsets, keys, values, SCHEMA.field("headers").type)


def _any_twice(keys: tuple[bytes, ...]) -> bool:
    # Of two keys that are not UTF-8, the texts may be the same.
    return len({key.decode("utf-8", "replace") for key in keys}) < len(keys)


def _last_of_each(keys: pa.StringArray, offsets: Ints) -> Mask:
    """Which headers count: in an event, the last of each key; Spark fails on a key twice."""
    codes = keys.dictionary_encode().indices.to_numpy().astype(np.int64)
    events = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    both = events * len(keys) + codes
    _, from_behind = np.unique(both[::-1], return_index=True)
    last = np.zeros(len(keys), np.bool_)
    last[len(keys) - 1 - from_behind] = True
    return last
