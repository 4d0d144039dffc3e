"""Which hashtags are popular right now? A long window every second, and what it costs.

    messages ─▶ Flume ─▶ (hashtag, 1) ─┬─▶ 300 s by 1 s, with the inverse function ──▶ top ten
                                       └─▶ 300 s by 1 s, all 300 seconds added up ───▶ top ten

Each second's window shares 299 seconds with the one before. With the inverse function Spark adds
the new second to the last window and subtracts the one that leaves it: it reads two RDDs, however
long the window is. Without the function it reads 300.

Run it:  flumelab run popular
Expect:  each second, the most popular hashtags, and the time that each of the two ways took; the
         first also reads the new second's messages. The inverse function saves reading, but gains
         nothing here, where each second has only forty hashtags to read. The store has the newest
         window: in the first five minutes, the generator's number for each hashtag.
"""

from operator import add, sub
from time import perf_counter

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

WINDOW, SLIDE = 300, 1  # seconds


def show(way):
    def print_top(time, rdd):
        started = perf_counter()
        hits = sorted(rdd.collect(), key=lambda hit: -hit[1])
        took = 1000 * (perf_counter() - started)
        top = " ".join(f"{hashtag} {count:,}" for hashtag, count in hits[:3])
        print(f"{time:%T} {way}  {took:>5.0f} ms  {top}")
        lab.store.put(f"{time} {way}", hits)

    return print_top


def follow_hashtags():
    ssc = StreamingContext(SparkContext(appName="popular"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.hashtags)

    hashtags = events.flatMap(lambda event: event[1])
    hits = hashtags.map(lambda hashtag: (hashtag, 1)).reduceByKey(add, 1).cache()

    two_seconds = hits.reduceByKeyAndWindow(add, sub, WINDOW, SLIDE, 1, lambda hit: hit[1] > 0)
    all_seconds = hits.reduceByKeyAndWindow(add, None, WINDOW, SLIDE, 1)
    two_seconds.foreachRDD(show("with inverse"))
    all_seconds.foreachRDD(show("without     "))
    return ssc


if __name__ == "__main__":
    lab.run_streams(follow_hashtags)
