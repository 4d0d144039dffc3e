"""How busy were the last three seconds? Batch interval, window length and slide interval.

    seconds:   | 1 | 2 | 3 | 4 | 5 | 6 | 7 |      batch interval 1 s: an RDD a second
    windows:   |───────────|                      window length  3 s: three RDDs together
                       |───────────|              slide interval 2 s: a window every other second
                               |───────────|

Length and slide are multiples of the batch interval. Here a window is longer than the slide: the
windows overlap, and every third second is in two of them.

Run it:  flumelab run windows
Expect:  a line a second with the hashtags of that second, and every two seconds one with those of
         the last three, which is what the three lines add up to. The store has what all seconds
         had, and so every hashtag's number as the generator knows it.
"""

import os
from datetime import timedelta
from operator import add, sub

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop

HOST = os.environ.get("RECEIVER_HOST", "localhost")
PORT = int(os.environ.get("RECEIVER_PORT", "4141"))
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

BATCH, WINDOW, SLIDE = 1, 3, 2  # seconds


def hashtags_of(message):
    return message.hashtags if message else [MALFORMED]


def print_interval(name, seconds):
    def show(end, rdd):
        [count] = rdd.collect() or [0]
        start = end - timedelta(seconds=seconds)
        print(f"{name}  {start:%T} to {end:%T}  {count:>6,} hashtags")

    return show


def count_in_windows():
    ssc = StreamingContext(SparkContext(appName="windows"), batchDuration=BATCH)
    ssc.checkpoint(CHECKPOINT)

    events = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.message)
    hashtags = events.flatMap(lambda event: hashtags_of(event[1]))
    hits = hashtags.map(lambda hashtag: (hashtag, 1)).reduceByKey(add, 1).cache()

    seconds = hits.map(lambda hit: hit[1])
    seconds.reduce(add).foreachRDD(print_interval("batch ", BATCH))
    windows = seconds.reduceByWindow(add, sub, WINDOW, SLIDE)
    windows.foreachRDD(print_interval("window", WINDOW))

    hits.foreachRDD(lambda time, rdd: RESULTS.add_batch(str(time), rdd.collect()))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, count_in_windows)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
