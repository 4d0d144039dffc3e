"""Count URLs: ``count_each_second.py push|pull PORT FILE`` keeps the total in FILE.

It must also run on Spark 2.4 and its Python.
"""

import sys
from operator import add
from pathlib import Path

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

way, port, counted = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
total = 0


def keep(rdd):
    global total
    total += sum(hits for _, hits in rdd.collect())
    new = counted.with_suffix(".new")
    new.write_text(str(total))
    new.replace(counted)


ssc = StreamingContext(SparkContext(appName="count-each-second"), 1)
if way == "push":
    events = FlumeUtils.createStream(ssc, "127.0.0.1", port)
else:
    events = FlumeUtils.createPollingStream(ssc, [("127.0.0.1", port)])
lines = events.map(lambda event: event[1])
lines.map(lambda line: (line.split(" ")[6], 1)).reduceByKey(add).foreachRDD(keep)
ssc.start()
ssc.awaitTermination()
