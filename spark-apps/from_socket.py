"""How often is each URL asked for? The lines come from a TCP socket, with no Flume in between.

    loadgen, which listens ◀──connect── socketTextStream ─▶ by URL ─▶ top ten, result store

The oldest source there is: Spark connects, and takes what comes line by line. Nothing is answered,
so nobody can tell what Spark has taken in, and nothing can be sent again: a line that was under way
when the receiver died is lost. At most once.

Run it:  flumelab run from-socket
Expect:  each second the ten URLs most asked for in that second, and at last every URL's count as
         the generator knows it, as long as nothing dies.
"""

import os
import re
from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext

from flumelab.counts import MALFORMED
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop

HOST = os.environ.get("RECEIVER_HOST", "localhost")
PORT = int(os.environ.get("RECEIVER_PORT", "4141"))
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

# client identity user [time] "METHOD URL HTTP/version" status bytes "referer" "user agent"
LINE = re.compile(
    r'\S+ \S+ [^\[]+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/[\d.]+" \d{3} (?:\d+|-)'
    r'(?: "[^"\\]*(?:\\.[^"\\]*)*" "[^"\\]*(?:\\.[^"\\]*)*")?\s*',
    re.ASCII,
)


def url_of(line):
    match = LINE.fullmatch(line)
    return match[1] if match else MALFORMED


def count_urls():
    ssc = StreamingContext(SparkContext(appName="from-socket"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    lines = ssc.socketTextStream(HOST, PORT)
    hits = lines.map(lambda line: (url_of(line), 1)).reduceByKey(add, 1).cache()

    hits.transform(lambda rdd: rdd.sortBy(lambda hit: -hit[1])).pprint(10)
    hits.foreachRDD(lambda time, rdd: RESULTS.add_batch(str(time), rdd.collect()))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, count_urls)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
