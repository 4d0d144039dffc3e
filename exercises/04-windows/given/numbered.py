"""Which batches are in which window? Each batch is a number, and a window has several.

    batches:          | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |      batch interval 1 s
    a window:             |───────────|                      length 3 s: three batches

A second kind of window has length 2 s and slide 3 s. This program is given; the file to change is
answers.toml.
"""

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

BATCH = 1  # second
WINDOWS = {"long": (3, 2), "short": (2, 3)}  # length and slide, in seconds
LAST = 8  # after this batch nothing more is stored

times = []  # of all batches so far


def number_of(time):
    if time not in times:
        times.append(time)
    return times.index(time) + 1


def print_batch(time, rdd):
    print(f"batch {number_of(time)}")


def store_windows(name):
    ends = []

    def store(end, rdd):
        batches = sorted(rdd.collect())
        ends.append(end)
        print(f"{name} window {len(ends)} ends with batch {number_of(end)}, has {batches}")
        if number_of(end) <= LAST:
            window = f"{name} window {len(ends)}"
            rows = [(f"{name} windows with batch {batch}", 1) for batch in batches]
            rows += [(f"{window}: batches", len(batches)), (f"{window}: first", batches[0])]
            lab.store.add(window, [*rows, (f"{window}: last", number_of(end))])

    return store


def number_batches():
    ssc = StreamingContext(SparkContext(appName="numbered"), batchDuration=BATCH)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.hashtags)

    numbers = events.transform(lambda time, rdd: rdd.context.parallelize([number_of(time)], 1))
    numbers.foreachRDD(print_batch)
    for name, (length, slide) in WINDOWS.items():
        numbers.window(length, slide).foreachRDD(store_windows(name))
    return ssc


if __name__ == "__main__":
    lab.run_streams(number_batches)
