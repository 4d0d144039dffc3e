"""A short program that does what the lab's programs do, for `class_data_sharing` to record."""

import tempfile
from operator import add, sub

from pyspark import SparkConf, SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

STREAM_SECONDS = 4
CLUSTER = "local-cluster[1,1,512]"  # a master and a worker in this JVM


def count_each_second(sc: SparkContext, folder: str) -> None:
    """Use a receiver, a window with its inverse function, and a checkpoint."""
    ssc = StreamingContext(sc, 1)
    ssc.checkpoint(folder)
    events = FlumeUtils.createStream(ssc, "127.0.0.1", 0)
    hits = events.map(lambda event: (event[1], 1)).reduceByKey(add, 1)
    window = hits.reduceByKeyAndWindow(add, sub, 300, 1, 1)
    window.transform(lambda rdd: rdd.sortBy(lambda hit: hit[1])).pprint()
    ssc.start()
    ssc.awaitTerminationOrTimeout(STREAM_SECONDS)
    ssc.stop(stopGraceFully=False)


def count_on_a_cluster(sc: SparkContext) -> None:
    """Run a job with a shuffle."""
    sc.parallelize([("a", 1), ("b", 1)], 1).reduceByKey(add, 1).collect()
    sc.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        count_each_second(SparkContext("local[2]"), folder)
    conf = SparkConf().set("spark.executor.memory", "512m")
    count_on_a_cluster(SparkContext(CLUSTER, conf=conf))
