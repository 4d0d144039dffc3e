"""Apache Flume for Apache Spark.

``spark.readStream.format("flume")`` reads Flume's events in Structured Streaming (`datasource`).
`FlumeUtils` is the class of Spark 2.4, for DStreams. Where this package is installed,
``from pyspark.streaming.flume import FlumeUtils`` works as it did in Spark 2.4.
"""

from typing import TYPE_CHECKING, Any

from pyspark_flume.decoders import utf8_decoder
from pyspark_flume.errors import FlumeError

if TYPE_CHECKING:
    from pyspark_flume.dstream import FlumeUtils

__all__ = ["FlumeError", "FlumeUtils", "utf8_decoder"]


def __getattr__(name: str) -> Any:
    """Import these two names when they are first used, because any import runs this file first.

    `DefaultSource` would cost each Python worker of `FlumeUtils` 0.3 s (numpy, pyspark.sql), and
    `FlumeUtils` would cost each receiver or poller process 0.1 to 0.2 s and 12 MB (pyspark).
    """
    if name == "FlumeUtils":
        from pyspark_flume.dstream import FlumeUtils

        return FlumeUtils
    # Spark looks for this name in each package whose name begins with pyspark_.
    if name == "DefaultSource":
        from pyspark_flume.datasource import FlumeDataSource

        return FlumeDataSource
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
