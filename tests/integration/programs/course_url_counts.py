"""A course's program for Spark 2.x, its lines as such courses have them. It names nothing newer.

spark-submit course_url_counts.py PORT CHECKPOINT_DIRECTORY
"""

import re
import sys

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

REQUEST = re.compile(r'"[A-Z]+ (?P<url>\S+) HTTP/')


def url_of(line):
    match = REQUEST.search(line)
    return match.group("url") if match else "-"


if __name__ == "__main__":
    sc = SparkContext(appName="StreamingFlumeLogAggregator")
    sc.setLogLevel("ERROR")
    ssc = StreamingContext(sc, 1)
    ssc.checkpoint(sys.argv[2])

    stream = FlumeUtils.createStream(ssc, "localhost", int(sys.argv[1]))
    lines = stream.map(lambda x: x[1])

    urls = lines.map(url_of).map(lambda url: (url, 1))
    counts = urls.reduceByKeyAndWindow(lambda x, y: x + y, lambda x, y: x - y, 300, 1)
    counts.transform(lambda rdd: rdd.sortBy(lambda x: x[1], ascending=False)).pprint(100)

    ssc.start()
    ssc.awaitTermination()
