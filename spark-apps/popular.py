"""Which hashtags are popular right now? A long window every second, and what it costs.

    messages ─▶ Flume ─▶ (hashtag, 1) ─┬─▶ 300 s by 1 s, with the inverse function ──▶ top ten
                                       └─▶ 300 s by 1 s, all 300 seconds added up ───▶ top ten

Each second's window has 299 seconds in common with the one before. With the inverse function Spark
takes the last window, adds the second that comes and takes away the one that leaves: two RDDs to
read, whatever the length. Without it, it reads 300.

Run it:  flumelab run popular
Expect:  each second the most popular hashtags, and the time that each of the two ways took; the
         first also reads the new second's messages. With forty hashtags, added up each second, the
         inverse function gains nothing: it saves reading, and here is little to read. The store has
         the newest window, in the first five minutes all that was sent, as the generator knows it.
"""

import os
import time
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

WINDOW, SLIDE = 300, 1  # seconds


def hashtags_of(message):
    return message.hashtags if message else [MALFORMED]


def show(way):
    def print_top(batch, rdd):
        started = time.perf_counter()
        hits = sorted(rdd.collect(), key=lambda hit: -hit[1])
        took = 1000 * (time.perf_counter() - started)
        top = " ".join(f"{hashtag} {count:,}" for hashtag, count in hits[:3])
        print(f"{batch:%T} {way}  {took:>5.0f} ms  {top}")
        RESULTS.put_batch(f"{batch} {way}", hits)

    return print_top


def follow_hashtags():
    ssc = StreamingContext(SparkContext(appName="popular"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    events = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.message)
    hashtags = events.flatMap(lambda event: hashtags_of(event[1]))
    hits = hashtags.map(lambda hashtag: (hashtag, 1)).reduceByKey(add, 1).cache()

    two_seconds = hits.reduceByKeyAndWindow(add, sub, WINDOW, SLIDE, 1, lambda hit: hit[1] > 0)
    all_seconds = hits.reduceByKeyAndWindow(add, None, WINDOW, SLIDE, 1)
    two_seconds.foreachRDD(show("with inverse"))
    all_seconds.foreachRDD(show("without     "))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, follow_hashtags)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
