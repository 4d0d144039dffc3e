"""How many of each product has the shop sold so far? Totals that go on from batch to batch.

    orders ─▶ Flume ─▶ (product, quantity) ─▶ updateStateByKey ─▶ print, result store

The state of a key is what the update function returned for it last: here a number. Spark keeps the
state of all keys in memory, and at times in the checkpoint, from which a new driver goes on.

Run it:  flumelab run running-totals
Expect:  each second the ten products most sold since the start, and at last every product's
         quantity as the generator knows it.
"""

import os
from operator import add

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


def sale(order):
    return (order.product, order.quantity) if order else (MALFORMED, 1)


def add_to_total(quantities, total):
    return sum(quantities, total or 0)


def print_most_sold(rdd):
    for product, quantity in rdd.takeOrdered(10, key=lambda total: -total[1]):
        print(f"{quantity:>9,} {product}")


def add_up_sales():
    ssc = StreamingContext(SparkContext(appName="running-totals"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    orders = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.order)
    sales = orders.map(lambda event: sale(event[1])).reduceByKey(add, 1)
    totals = sales.updateStateByKey(add_to_total, 1).cache()

    totals.foreachRDD(print_most_sold)
    totals.foreachRDD(lambda time, rdd: RESULTS.put_batch(str(time), rdd.collect()))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, add_up_sales)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
