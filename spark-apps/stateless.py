"""Which hashtags are in a stream of messages? Transformations that remember nothing.

    messages ─▶ Flume ─▶ map ─▶ filter ─▶ flatMap ─▶ reduceByKey ─▶ transform ─▶ print
                                                         └────────▶ foreachRDD ─▶ result store

Each second's messages are an RDD, and each step makes a new RDD from it. If a DStream lacks a
method, the underlying RDD may have it: `transform` makes another RDD, here a sorted one, and
`foreachRDD` takes the RDD out of the stream.

Run it:  flumelab run stateless
Expect:  each second, the hashtags of its own messages, the most frequent first; in the store, which
         adds up the seconds, the generator's number for each hashtag.
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse


def most_first(rdd):
    return rdd.sortBy(lambda hit: -hit[1])


def count_hashtags():
    ssc = StreamingContext(SparkContext(appName="stateless"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.message)

    messages = events.map(lambda event: event[1]).cache()
    good = messages.filter(lambda message: message is not None)
    hashtags = good.flatMap(lambda message: message.hashtags)
    hits = hashtags.map(lambda hashtag: (hashtag, 1)).reduceByKey(add, 1).cache()

    by_hits = hits.transform(most_first)
    by_hits.pprint(5)

    bad = messages.filter(lambda message: message is None)
    malformed = bad.map(lambda _: (parse.MALFORMED, 1)).reduceByKey(add, 1)

    counts = hits.union(malformed)
    counts.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_hashtags)
