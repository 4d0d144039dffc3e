"""The program of push_ratio.py: ``count_each_second.py PORT FILE`` keeps the total in FILE."""

import sys
from operator import add
from pathlib import Path

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

port, counted = int(sys.argv[1]), Path(sys.argv[2])
total = 0


def keep(rdd):
    global total
    total += sum(hits for _, hits in rdd.collect())
    new = counted.with_suffix(".new")
    new.write_text(str(total))
    new.replace(counted)


ssc = StreamingContext(SparkContext(appName="push-ratio"), 1)
lines = FlumeUtils.createStream(ssc, "127.0.0.1", port).map(lambda event: event[1])
lines.map(lambda line: (line.split(" ")[6], 1)).reduceByKey(add).foreachRDD(keep)
ssc.start()
ssc.awaitTermination()
