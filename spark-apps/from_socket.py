"""How often is each URL requested? The lines come from a TCP socket, with no Flume in between.

    loadgen, which listens ◀──connect── socketTextStream ─▶ by URL ─▶ top ten, result store

This is Spark's oldest source: Spark connects and reads line by line. It answers nothing, so the
sender cannot know what Spark has read, and cannot send anything again: a line that is on its way
when the receiver dies is lost. Each line counts at most once.

Run it:  flumelab run from-socket
Expect:  each second, the ten URLs most requested in that second; in the end, if nothing dies, the
         generator's count for each URL.
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext

from flumelab.programs import lab, parse


def most_first(rdd):
    return rdd.sortBy(lambda hit: -hit[1])


def store(time, rdd):
    lab.store.add(time, rdd.collect())


def count_urls():
    sc = SparkContext(appName="from-socket")
    ssc = StreamingContext(sc, batchDuration=1)
    lines = ssc.socketTextStream(lab.HOST, lab.PORT)

    urls = lines.map(parse.url_of)
    ones = urls.map(lambda url: (url, 1))
    hits = ones.reduceByKey(add, 1).cache()

    by_hits = hits.transform(most_first)
    by_hits.pprint(10)
    hits.foreachRDD(store)
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_urls)
