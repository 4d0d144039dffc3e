"""Apache Flume for Apache Spark.

`FlumeUtils` is Spark 2.4's, for DStreams; where this package is installed,
``from pyspark.streaming.flume import FlumeUtils`` works as it did then.
"""

from pyspark_flume.dstream import FlumeUtils, utf8_decoder
from pyspark_flume.errors import FlumeError

__all__ = ["FlumeError", "FlumeUtils", "utf8_decoder"]
