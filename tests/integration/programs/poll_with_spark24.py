"""Writes each event's body on a line of `output`, fetched by Spark 2.4's own polling stream.

Runs on Spark 2.4 and its Python: no annotations, nothing of this project.
"""

import sys

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

port, output = sys.argv[1:]
spark = SparkContext("local[3]", "poll")
spark.setLogLevel("WARN")
streaming = StreamingContext(spark, 1)
events = FlumeUtils.createPollingStream(streaming, [("127.0.0.1", int(port))])


def write(bodies):
    with open(output, "a") as lines:  # noqa: PTH123
        lines.writelines(body + "\n" for body in bodies.collect())


events.map(lambda event: event[1]).foreachRDD(write)
streaming.start()
streaming.awaitTermination()
