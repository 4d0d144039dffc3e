"""Wrong: the key of malformed lines is not the lab's.

access log ─▶ Flume ─▶ URL, or malformed ─▶ reduceByKey ─▶ result store
"""

import re
from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab

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
    return match[1] if match else "malformed"


def count_hits():
    ssc = StreamingContext(SparkContext(appName="malformed-line"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=to_text)

    urls = events.map(lambda event: url_of(event[1]))
    hits = urls.map(lambda url: (url, 1)).reduceByKey(add, 1)

    hits.pprint(5)
    hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_hits)
