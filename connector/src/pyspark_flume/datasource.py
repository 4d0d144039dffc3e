"""``spark.readStream.format("flume")``: Flume's events for Structured Streaming.

If a query gives a `port`, its driver runs the receiver (`pyspark_flume.receiver`); if it gives
`agents`, the poller (`pyspark_flume.poller`); otherwise one of them runs elsewhere. In every case
the events are in a landing log (`pyspark_flume.landing`) that the driver and the executors share,
and `pyspark_flume.datasource_readers` plans how it is read. The tasks are the JVM's
(io.pysparkflume.sql.FlumeSource); where the driver does not have our jar, they are Python's, too.
Spark's Python Data Source API:
https://spark.apache.org/docs/latest/api/python/tutorial/sql/python_data_source.html
"""

from collections.abc import MutableMapping
from importlib.util import find_spec

from pyspark.sql.datasource import DataSource
from pyspark.sql.types import (
    BinaryType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from pyspark_flume.datasource_readers import (
    FlumeBatchReader,
    FlumeStreamReader,
    UnlimitedStreamReader,
)
from pyspark_flume.errors import OptionInvalid
from pyspark_flume.options.source import SourceOptions

# The types that each column may have; the first one is the default.
COLUMNS = {
    "body": (BinaryType(), StringType()),
    "headers": (MapType(StringType(), StringType()),),
    "timestamp": (TimestampType(),),
    "offset": (LongType(),),
    "arrival": (TimestampType(),),
}


class FlumeDataSource(DataSource):
    """Schema: ``body binary, headers map<string,string>, timestamp timestamp, offset bigint,
    arrival timestamp``.

    `timestamp` is the event's header of that name (ms since 1970) or, if the event lacks it,
    `arrival`: when the receiver accepted the event. `offset` is the event's number in the log.
    docs/reference/structured-streaming.md lists the options.

    ``.schema("body string")`` may name the columns that are needed, in any order, and `body` may
    then be a string.
    """

    def __init__(self, options: MutableMapping[str, str]) -> None:
        # If an option is invalid, load() reports it here, with its name.
        self._options = SourceOptions.parse(options)

    @classmethod
    def name(cls) -> str:
        """Return the name for ``format("flume")``."""
        return "flume"

    def schema(self) -> StructType:
        """Return all columns, without `headers` if the option turns them off."""
        fields = [StructField(name, kinds[0]) for name, kinds in COLUMNS.items()]
        return StructType([f for f in fields if self._options.headers or f.name != "headers"])

    def streamReader(self, schema: StructType) -> FlumeStreamReader:  # noqa: N802 - Spark's name
        """Return the reader for ``readStream``."""
        if not find_spec("pyspark.sql.streaming.datasource"):  # Spark 4.0 and 4.1
            return UnlimitedStreamReader(self._options, _columns(schema))
        from pyspark_flume.limited_reader import LimitedStreamReader

        return LimitedStreamReader(self._options, _columns(schema))

    def reader(self, schema: StructType) -> FlumeBatchReader:
        """Return the reader for ``read``: all events that are in the log now."""
        if self._options.ingestion:
            raise OptionInvalid(
                "options port and agents are for readStream; read a landing log without them"
            )
        return FlumeBatchReader(self._options, _columns(schema))


def _columns(schema: StructType) -> list[tuple[str, str]]:
    """Return each column's name and type; raise `OptionInvalid` for one that does not exist."""
    wrong = [
        f for f in schema.fields if f.dataType not in COLUMNS.get(f.name, ()) or not f.nullable
    ]
    if wrong:
        columns = (f"{name} {kinds[0].simpleString()}" for name, kinds in COLUMNS.items())
        raise OptionInvalid(
            f"schema({schema.simpleString()}): no such column {wrong[0].simpleString()}; the "
            f"columns are {', '.join(columns)}; body may also be a string; or leave out .schema(…)"
        )
    return [(field.name, field.dataType.simpleString()) for field in schema.fields]
