"""Apache Flume for Apache Spark.

``spark.readStream.format("flume")`` reads Flume's events in Structured Streaming (`datasource`).
`FlumeUtils` is Spark 2.4's, for DStreams; where this package is installed,
``from pyspark.streaming.flume import FlumeUtils`` works as it did then.
"""

from typing import TYPE_CHECKING, Any

from pyspark_flume.decoders import utf8_decoder
from pyspark_flume.errors import FlumeError

if TYPE_CHECKING:
    from pyspark_flume.dstream import FlumeUtils

__all__ = ["FlumeError", "FlumeUtils", "utf8_decoder"]


def __getattr__(name: str) -> Any:
    # A Python worker imports this package to decode events: without all of pyspark.streaming,
    # which takes it 0.3 s, in each second's batch.
    if name == "FlumeUtils":
        from pyspark_flume.dstream import FlumeUtils

        return FlumeUtils
    # Spark looks for this name in each package that begins with pyspark_, and registers the class.
    if name == "DefaultSource":
        from pyspark_flume.datasource import FlumeDataSource

        return FlumeDataSource
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
