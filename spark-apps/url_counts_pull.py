"""How often is each URL of an access log requested? Spark fetches; Flume waits to be asked.

    access log ─▶ Flume ◀──fetch── receiver ─▶ count each second ─┬─▶ since the start ─▶ printed
                  (SparkSink)                                     └─▶ result store

In url_counts.py Flume sends to a host and a port, and Spark has to listen there. Here Spark asks
the agents, from wherever it runs; a batch leaves an agent's channel once Spark has stored it. The
counts so far are state: each batch's counts are added to them.

Run it:  make lab LESSON=pull
Expect:  each second, the ten URLs most requested since the start; in the end, in `flumelab ledger`,
         the generator's count for each URL.
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse


def add_to_total(hits, total):
    return sum(hits, total or 0)


def print_top_ten(rdd):
    for url, hits in rdd.takeOrdered(10, key=lambda hit: -hit[1]):
        print(f"{hits:>9,} {url}")


def count_urls():
    ssc = StreamingContext(SparkContext(appName="pull"), batchDuration=1)
    events = FlumeUtils.createPollingStream(ssc, lab.AGENTS, bodyDecoder=parse.url)

    urls = events.map(lambda event: event[1])
    # One partition: for a few hundred URLs, a second task would cost more than it saves.
    hits = urls.map(lambda url: (url, 1)).reduceByKey(add, 1).cache()

    totals = hits.updateStateByKey(add_to_total, 1)
    totals.foreachRDD(print_top_ten)

    hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_urls)
