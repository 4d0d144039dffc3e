# Reads a table anew for each batch, which takes 3 s: the batches fall behind.
import time

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils


def unknown(rdd):
    table = rdd.context.parallelize(["/a", "/b"], 1)
    names = table.map(lambda name: time.sleep(1.5) or (name, True)).collectAsMap()
    return rdd.filter(lambda pair: pair[0] not in names)


ssc = StreamingContext(SparkContext(appName="SlowTable"), 1)
events = FlumeUtils.createStream(ssc, "localhost", 9092)
counts = events.map(lambda e: (e[1].split(" ")[0], 1)).reduceByKey(lambda a, b: a + b)
counts.transform(unknown).pprint()
ssc.start()
ssc.awaitTermination()
