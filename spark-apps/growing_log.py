"""Which lines of a log that grows have come, and which of them again?

    access.log, access-1.log ─▶ Flume, TAILDIR ─▶ receiver ─┬─▶ by file ─▶ printed
                                                            └─▶ by URL ─▶ result store

TAILDIR follows a log while it is written, and a rotation begins a new one. An event has the place
of its line in two headers. A line whose place has been there before comes again: "at least once" is
then visible. Kill the agent (kill -9) while lines come, and start it again: it repeats those of the
last three seconds. docs/how-to/follow-a-growing-log.md has this and other traps to try.

Run it:  flumelab run growing-log      (or: flumelab up --lesson growing-log; flumelab feed)
Expect:  each second, how many lines of each file have come, none of them again; in the end, the
         generator's count for each URL.
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse


def place_of(event):
    headers, _ = event
    file = headers.get("file", "no file").rpartition("/")[2]
    return file, int(headers.get("byteoffset", 0))


def follow(offsets, state):
    lines, again, furthest = state or (0, 0, -1)
    for offset in sorted(offsets):
        lines += 1
        again += offset <= furthest
        furthest = max(offset, furthest)
    return lines, again, furthest


def show(time, rdd):
    for file, (lines, again, _) in sorted(rdd.collect()):
        print(f"{time:%H:%M:%S}  {file:<14} {lines:>7,} lines, {again:,} of them again")


def count_lines():
    ssc = StreamingContext(SparkContext(appName="growing-log"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.url)

    events.map(place_of).updateStateByKey(follow, 1).foreachRDD(show)

    urls = events.map(lambda event: (event[1], 1)).reduceByKey(add, 1)
    urls.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(count_lines)
