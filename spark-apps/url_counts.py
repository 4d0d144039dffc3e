"""How often is each URL of an access log asked for?

    access log ─▶ Flume ─▶ receiver ─▶ count each second ─┬─▶ the last 300 s ─▶ top ten, printed
                                                          └─▶ since the start ─▶ result store

Run it:  make lab             (or: flumelab up; flumelab feed --lines 10000)
Expect:  each second the ten URLs most asked for in the last five minutes, and at last, in
         `flumelab ledger`, every URL's count as the generator knows it.
"""

import os
import re
from itertools import islice
from operator import add, sub

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.counts import MALFORMED
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop

HOST = os.environ.get("RECEIVER_HOST", "localhost")
PORT = int(os.environ.get("RECEIVER_PORT", "4141"))
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


def top_ten(rdd):
    by_hits = rdd.sortBy(lambda hit: hit[1], ascending=False)
    # Cut here, not by pprint: a Python worker that is left with unread rows ends, and a new one
    # takes a third of a second.
    return by_hits.mapPartitions(lambda hits: islice(hits, 10))


def count_urls():
    ssc = StreamingContext(SparkContext(appName="url-counts"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    events = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=to_text)
    urls = events.map(lambda event: url_of(event[1]))
    hits = urls.map(lambda url: (url, 1)).reduceByKey(add, PARTITIONS).cache()

    # Each second adds the newest second and takes away the one that leaves the window.
    window = hits.reduceByKeyAndWindow(add, sub, 300, 1, PARTITIONS, lambda hit: hit[1] > 0)
    window.transform(top_ten).pprint(10)

    hits.foreachRDD(lambda time, rdd: RESULTS.add_batch(str(time), rdd.collect()))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, count_urls)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
