# One stream for each agent of a fan-out, joined.
from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

ssc = StreamingContext(SparkContext("local[4]", "two"), 1)
streams = [FlumeUtils.createStream(ssc, "localhost", port) for port in (9092, 9093)]
ssc.union(*streams).count().pprint()
ssc.start()
ssc.awaitTermination()
