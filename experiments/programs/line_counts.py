"""How often is each line counted? With a receiver inside the program (DStreams).

    access log ─▶ Flume ─▶ count each second ─▶ result store

A key is a line, so the store shows exactly which lines are missing and which came twice. The
program also notes what each micro-batch had, for the picture of `flumelab experiment`.

Run it:  flumelab experiment run memory-channel
Expect:  the lines that were lost and those that were counted twice, beside your prediction.
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.experiments import micro_batches
from flumelab.experiments.truth import key_of
from flumelab.programs import lab


def count(time, rdd):
    rows = rdd.collect()
    micro_batches.note("batch", time, rows)
    lab.store.add(time, rows)
    micro_batches.note("stored", time)


def count_lines():
    ssc = StreamingContext(SparkContext(appName="line-counts"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=bytes)
    lines = events.map(lambda event: (key_of(event[1]), 1))
    lines.reduceByKey(add, 1).foreachRDD(count)
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_lines)
