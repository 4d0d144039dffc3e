"""How often is each URL of an access log asked for? Spark fetches, Flume waits to be asked.

    access log ─▶ Flume ◀──fetch── receiver ─▶ count each second ─┬─▶ since the start ─▶ printed
                  (SparkSink)                                     └─▶ result store

Run it:  make lab APP=pull
Expect:  each second the ten URLs most asked for since the start, and at last, in `flumelab ledger`,
         every URL's count as the generator knows it.

In url_counts.py Flume sends, to a host and port at which Spark has to be. Here Spark asks the
agents, from wherever it runs; a batch has left an agent's channel once Spark has stored it. What
was counted so far is state: each batch's counts are added to those before it.
"""

import os
import re
from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.counts import MALFORMED
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop

AGENTS = [agent.split(":") for agent in os.environ.get("FLUME_AGENTS", "localhost:4141").split(",")]
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
PARTITIONS = 1  # some hundred URLs a second: a second task would cost more than it counts
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

# client identity user [time] "METHOD URL HTTP/version" status bytes "referer" "user agent"
LINE = re.compile(
    r'\S+ \S+ [^\[]+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/[\d.]+" \d{3} (?:\d+|-)'
    r'(?: "[^"\\]*(?:\\.[^"\\]*)*" "[^"\\]*(?:\\.[^"\\]*)*")?\s*',
    re.ASCII,
)


def to_text(body):
    return body.decode("utf-8", errors="replace")


def url_of(line):
    match = LINE.fullmatch(line)
    return match[1] if match else MALFORMED


def add_to_total(hits, total):
    return sum(hits, total or 0)


def print_top_ten(rdd):
    for url, hits in rdd.takeOrdered(10, key=lambda hit: -hit[1]):
        print(f"{hits:>9,} {url}")


def count_urls():
    ssc = StreamingContext(SparkContext(appName="pull"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    agents = [(host, int(port)) for host, port in AGENTS]
    events = FlumeUtils.createPollingStream(ssc, agents, bodyDecoder=to_text)
    urls = events.map(lambda event: url_of(event[1]))
    hits = urls.map(lambda url: (url, 1)).reduceByKey(add, PARTITIONS).cache()

    hits.updateStateByKey(add_to_total, PARTITIONS).foreachRDD(print_top_ten)
    hits.foreachRDD(lambda time, rdd: RESULTS.add_batch(str(time), rdd.collect()))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, count_urls)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
