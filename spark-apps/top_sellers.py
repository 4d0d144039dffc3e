"""What has sold best in the past hour? A window over keyed sales, sorted by what they brought in.

    orders ─▶ Flume ─▶ (product, cents) ─▶ reduceByKeyAndWindow, 1 h by 5 s ─▶ top ten, store

The hour is the one in which the orders came to Spark, by its clock: a DStream knows no other time.
For the hour in which they were placed see actions.py.

Run it:  flumelab run top-sellers
Expect:  every five seconds the ten products that brought in most in the past hour; at last, and
         for the next hour, what each has brought in since the start, as the generator knows it.
"""

import os
from operator import add, sub

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop

HOST = os.environ.get("RECEIVER_HOST", "localhost")
PORT = int(os.environ.get("RECEIVER_PORT", "4141"))
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

HOUR, SLIDE = 3600, 5  # seconds


def sale(order):
    return (order.product, order.cents) if order else (MALFORMED, 1)


def print_best_sellers(time, rdd):
    sales = sorted(rdd.collect(), key=lambda total: -total[1])
    print(f"--- the hour to {time:%T}")
    for product, cents in sales[:10]:
        print(f"{cents / 100:>12,.2f} {product}")
    RESULTS.replace_all(str(time), sales)


def watch_sales():
    ssc = StreamingContext(SparkContext(appName="top-sellers"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    orders = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.order)
    sales = orders.map(lambda event: sale(event[1])).reduceByKey(add, 1)
    hour = sales.reduceByKeyAndWindow(add, sub, HOUR, SLIDE, 1, lambda total: total[1] > 0)
    hour.foreachRDD(print_best_sellers)
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, watch_sales)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
