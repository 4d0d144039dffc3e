"""How often is each URL of an access log requested?

    access log ─▶ Flume ─▶ receiver ─▶ count each second ─┬─▶ the last 300 s ─▶ top ten, printed
                                                          └─▶ since the start ─▶ result store

Each second adds the newest second to the window and subtracts the one that leaves it.

Run it:  make lab             (or: flumelab up; flumelab feed --lines 10000)
Expect:  each second, the ten URLs most requested in the last five minutes; in the end, in
         `flumelab ledger`, the generator's count for each URL.
"""

import re
from itertools import islice
from operator import add, sub

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

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
    return match[1] if match else parse.MALFORMED


def top_ten(rdd):
    by_hits = rdd.sortBy(lambda hit: -hit[1])
    # If pprint left rows unread, the Python worker would end; a new one takes a third of a second.
    return by_hits.mapPartitions(lambda hits: islice(hits, 10))


def count_urls():
    ssc = StreamingContext(SparkContext(appName="url-counts"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=to_text)
    urls = events.map(lambda event: (url_of(event[1]), 1))
    hits = urls.reduceByKey(add, 1).cache()  # 1 task: a second one would cost more than it saves

    window = hits.reduceByKeyAndWindow(add, sub, 300, 1, 1, lambda hit: hit[1] > 0)
    window.transform(top_ten).pprint(10)
    hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_urls)
