# Joins each batch with a table that takes its time: the batches fall behind.
import time

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils


def ranked(rdd):
    time.sleep(1.5)
    return rdd.sortBy(lambda pair: pair[1], False)


ssc = StreamingContext(SparkContext(appName="SlowRanking"), 1)
events = FlumeUtils.createStream(ssc, "localhost", 9092)
counts = events.map(lambda e: (e[1].split(" ")[0], 1)).reduceByKey(lambda a, b: a + b)
counts.transform(ranked).pprint()
ssc.start()
ssc.awaitTermination()
