"""How busy were the last three seconds? Batch interval, window length and slide interval.

    seconds:   | 1 | 2 | 3 | 4 | 5 | 6 | 7 |      batch interval 1 s: an RDD a second
    windows:   |───────────|                      window length  3 s: three RDDs together
                       |───────────|              slide interval 2 s: a window every other second
                               |───────────|

Length and slide are multiples of the batch interval. Here a window is longer than the slide, so the
windows overlap, and every other second is in two of them.

Run it:  flumelab run windows
Expect:  each second, a line with the number of hashtags in that second; every two seconds, a line
         with the sum of the last three seconds. The store has the number of each hashtag in all
         seconds, which is the generator's.
"""

from datetime import timedelta
from operator import add, sub

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

BATCH, WINDOW, SLIDE = 1, 3, 2  # seconds


def print_interval(name, seconds):
    def show(end, rdd):
        [count] = rdd.collect() or [0]
        start = end - timedelta(seconds=seconds)
        print(f"{name}  {start:%T} to {end:%T}  {count:>6,} hashtags")

    return show


def count_in_windows():
    ssc = StreamingContext(SparkContext(appName="windows"), batchDuration=BATCH)
    # An event is (headers, body). bodyDecoder makes the body: here the list of a line's hashtags.
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.hashtags)

    hashtags = events.flatMap(lambda event: event[1])
    # 1: one partition, so one task a second. A second's few hashtags are not worth more.
    hits = hashtags.map(lambda hashtag: (hashtag, 1)).reduceByKey(add, 1).cache()

    seconds = hits.map(lambda hit: hit[1])
    seconds.reduce(add).foreachRDD(print_interval("batch ", BATCH))
    # The new window = the one before + the seconds that come in (add) - those that go out (sub). It
    # needs the window before it, so it needs a checkpoint: lab.run_streams sets the folder.
    windows = seconds.reduceByWindow(add, sub, WINDOW, SLIDE)
    windows.foreachRDD(print_interval("window", WINDOW))

    hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_in_windows)
