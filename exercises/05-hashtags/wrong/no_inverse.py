"""Wrong: without an inverse function each second adds up the whole window.

messages ─▶ Flume ─▶ (hashtag, 1) ─┬─▶ the last 300 s, each second ─┬─▶ result store
                                   └─▶ the last   6 s, each second ─┘
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse


def count_last(hits, seconds):
    """Count each hashtag of the last seconds, anew in each second."""
    return hits.window(seconds, 1).reduceByKey(add, 1)


def show(time, rdd):
    hits = sorted(rdd.collect(), key=lambda hit: -hit[1])
    print(f"{time:%T}", *(f"{hashtag} {count}," for hashtag, count in hits[:4]))
    lab.store.replace_all(time, hits)


def follow_hashtags():
    ssc = StreamingContext(SparkContext(appName="hashtags"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.hashtags)

    hashtags = events.flatMap(lambda event: event[1])
    hits = hashtags.map(lambda hashtag: (hashtag, 1)).reduceByKey(add, 1).cache()

    popular = count_last(hits, 300)
    rising = count_last(hits, 6).map(lambda hit: (f"now {hit[0]}", hit[1]))

    popular.union(rising).foreachRDD(show)
    return ssc


if __name__ == "__main__":
    lab.run_streams(follow_hashtags)
