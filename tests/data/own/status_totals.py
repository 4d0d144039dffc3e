# Running totals by status code; taken up again from its checkpoint.
import sys

from pyspark import SparkConf, SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

CHECKPOINT = "hdfs://sandbox-hdp.hortonworks.com:8020/user/maria_dev/checkpoint"


def status(line):
    fields = line.split('"')
    return fields[2].split()[0] if len(fields) > 2 and fields[2].split() else "none"


def update(new, old):
    return sum(new) + (old or 0)


def create():
    conf = SparkConf().setAppName("StatusTotals").setMaster("yarn")
    ssc = StreamingContext(SparkContext(conf=conf), 2)
    ssc.checkpoint(CHECKPOINT)
    events = FlumeUtils.createStream(ssc, sys.argv[1], int(sys.argv[2]))
    counts = events.map(lambda e: (status(e[1]), 1)).updateStateByKey(update)
    counts.pprint()
    return ssc


ssc = StreamingContext.getOrCreate(CHECKPOINT, create)
ssc.start()
ssc.awaitTermination()
