"""Make Arrow record batches from events, for Spark's Python data sources.

Spark requires exactly the schema that `pyspark.sql.pandas.types.to_arrow_schema` makes from its
types, with the time zone UTC.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa

from pyspark_flume.events.bulk_read import (
    TIMESTAMP_MS_MAX,
    Ints,
    Mask,
    as_words,
    read_decimals,
)
from pyspark_flume.events.event_positions import EventColumns, find_header

_TIMESTAMP = pa.timestamp("us", "UTC")
_ARROW_TYPES = {
    "binary": pa.binary(),
    "string": pa.string(),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
    "timestamp": _TIMESTAMP,
    "bigint": pa.int64(),
}


def schema_of(columns: Iterable[tuple[str, str]]) -> pa.Schema:
    """Return the Arrow schema of columns such as ``("body", "binary")``, a name and a SQL type."""
    return pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in columns])


def record_batch(
    columns: EventColumns, first_offset: int, arrival_ms: int | Ints, schema: pa.Schema
) -> pa.RecordBatch:
    """Return the events as rows of `schema`: any of body, headers, timestamp, offset, arrival.

    The column `timestamp` is the event's header of that name, in milliseconds since 1970. If the
    header is missing, or is not a time up to the year 9999, it is the event's arrival. If the body
    is a string, bytes that are not UTF-8 become replacement characters.

    :param first_offset: the offset of event 0 in the landing log
    :param arrival_ms: in milliseconds since 1970, one for all events or one for each
    """
    made: dict[str, Callable[[], pa.Array]] = {
        "body": lambda: _bodies(columns, schema.field("body").type),
        "headers": lambda: _headers(columns),
        "timestamp": lambda: _timestamps(columns, _arrival(columns, arrival_ms)),
        "offset": lambda: pa.array(np.arange(first_offset, first_offset + columns.count)),
        "arrival": lambda: _arrival(columns, arrival_ms),
    }
    return pa.RecordBatch.from_arrays([made[name]() for name in schema.names], schema=schema)


def _bodies(columns: EventColumns, kind: pa.DataType) -> pa.BinaryArray | pa.StringArray:
    make = _strings if kind == pa.string() else _binaries
    return make(columns.data, columns.body_starts, columns.ends)


def _arrival(columns: EventColumns, arrival_ms: int | Ints) -> pa.TimestampArray:
    microseconds = np.broadcast_to(np.asarray(arrival_ms, np.int64) * 1000, columns.count)
    return pa.array(np.ascontiguousarray(microseconds)).view(_TIMESTAMP)


def _timestamps(columns: EventColumns, arrival: pa.TimestampArray) -> pa.TimestampArray:
    index = find_header(columns, b"timestamp")
    events = np.flatnonzero(index >= 0)
    if not len(events):
        return arrival
    headers = index[events]
    sent = read_decimals(
        as_words(columns.data), columns.value_starts[headers], columns.value_ends[headers]
    )
    fits = (sent >= 0) & (sent <= TIMESTAMP_MS_MAX)
    timestamps = arrival.view(pa.int64()).to_numpy().copy()
    timestamps[events[fits]] = sent[fits] * 1000
    return pa.array(timestamps).view(_TIMESTAMP)


def _binaries(data: bytes | memoryview, starts: Ints, ends: Ints) -> pa.BinaryArray:
    """Return each ``data[starts[i]:ends[i]]``; these must ascend and not overlap.

    In Arrow a value begins where the one before it ends. So the bytes between two values also count
    as a value, and every other value is selected.
    """
    offsets = np.zeros(2 * len(starts) + 1, np.int32)
    offsets[1::2] = starts
    offsets[2::2] = ends
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    both = pa.Array.from_buffers(pa.binary(), 2 * len(starts), buffers)
    return both.take(pa.array(np.arange(1, 2 * len(starts), 2)))


def _strings(data: bytes | memoryview, starts: Ints, ends: Ints) -> pa.StringArray:
    binaries = _binaries(data, starts, ends)
    octets = np.frombuffer(binaries.buffers()[2], np.int8)
    if octets.min(initial=0) >= 0:  # ASCII only, which is checked faster than UTF-8
        return binaries.view(pa.string())
    try:
        return binaries.cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8; one client's fault must not fail everyone's query
        texts = [text.decode("utf-8", "replace") for text in binaries.to_pylist()]
        return pa.array(texts, pa.string())


def _headers(columns: EventColumns) -> pa.MapArray:
    offsets = columns.header_offsets
    keys = values = pa.array([], pa.string())
    if offsets[-1]:
        keys = _same_keys(columns)
        values = _strings(columns.data, columns.value_starts, columns.value_ends)
    if keys is None:
        keys = _strings(columns.data, columns.key_starts, columns.key_ends)
        last = _last_of_each_key(keys, offsets)
        keys, values = keys.filter(last), values.filter(last)
        offsets = np.concatenate(([0], np.cumsum(last)))[offsets]
    offsets = pa.array(offsets.astype(np.int32))
    return pa.MapArray.from_arrays(offsets, keys, values, _ARROW_TYPES["map<string,string>"])


def _same_keys(columns: EventColumns) -> pa.StringArray | None:
    """Return the keys of all headers if all events have the same ones and each only once."""
    if columns.keys is None:
        return None
    # Two keys that are not UTF-8 may become the same text.
    keys = [key.decode("utf-8", "replace") for key in columns.keys]
    if len(set(keys)) < len(keys):
        return None
    sizes = np.array([len(key.encode()) for key in keys], np.int32)
    offsets = np.zeros(columns.count * len(keys) + 1, np.int32)
    np.cumsum(np.tile(sizes, columns.count), out=offsets[1:])
    text = "".join(keys).encode() * columns.count
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), columns.count * len(keys), buffers)


def _last_of_each_key(keys: pa.StringArray, offsets: Ints) -> Mask:
    """Return which headers are the last of their key in their event.

    Only these are passed on, because Spark fails on a map that has a key twice.
    """
    codes = keys.dictionary_encode().indices.to_numpy().astype(np.int64)
    events = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    both = events * len(keys) + codes
    _, from_the_end = np.unique(both[::-1], return_index=True)
    last = np.zeros(len(keys), np.bool_)
    last[len(keys) - 1 - from_the_end] = True
    return last
