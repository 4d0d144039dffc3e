"""Wrong: it takes the method for the URL, and filter leaves nothing over.

access log ─▶ Flume ─▶ map ─▶ filter ─▶ map ─▶ reduceByKey ─▶ result store
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab


def to_text(body):
    return body.decode()


def count_pages():
    ssc = StreamingContext(SparkContext(appName="blog-pages"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=to_text)

    # 203.0.113.9 - - [01/Jan/2026:00:00:01 +0000] "GET /blog/flume/ HTTP/1.1" 200 5120 …
    lines = events.map(lambda event: event[1])
    urls = lines.map(lambda line: line.split()[5])
    pages = urls.filter(lambda url: url.startswith("/blog/"))
    pairs = pages.map(lambda url: (url, 1))
    hits = pairs.reduceByKey(add, 1)

    hits.pprint(5)
    hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_pages)
