"""Which hashtags are in a stream of messages? Transformations without a memory.

    messages ─▶ Flume ─▶ map ─▶ filter ─▶ flatMap ─▶ reduceByKey ─▶ transform ─▶ print
                                                         └────────▶ foreachRDD ─▶ result store

Each second's messages are an RDD, and each step makes a new one of it. What a DStream has no method
for, the RDD beneath has: `transform` makes another RDD of it, here a sorted one, and `foreachRDD`
takes it out of the stream.

Run it:  flumelab run stateless
Expect:  for each second the hashtags of its own messages, the most frequent first; and in the
         store, which adds the seconds up, every hashtag's number as the generator knows it.
"""

import os
from operator import add

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


def count_hashtags():
    ssc = StreamingContext(SparkContext(appName="stateless"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    events = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.message)
    messages = events.map(lambda event: event[1]).cache()
    good = messages.filter(lambda message: message is not None)
    hashtags = good.flatMap(lambda message: message.hashtags)
    hits = hashtags.map(lambda hashtag: (hashtag, 1)).reduceByKey(add, 1).cache()

    hits.transform(lambda rdd: rdd.sortBy(lambda hit: -hit[1])).pprint(5)

    malformed = messages.filter(lambda message: message is None).map(lambda _: (MALFORMED, 1))
    counts = hits.union(malformed.reduceByKey(add, 1))
    counts.foreachRDD(lambda time, rdd: RESULTS.add_batch(str(time), rdd.collect()))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, count_hashtags)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
