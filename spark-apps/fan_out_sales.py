"""One Flume agent, two programs. This one gets every order: what has been sold?

    orders ─▶ Flume ─┬─▶ channel `every` ─▶ (product, quantity) ─▶ reduceByKey ─▶ result store
                     └─▶ channel `gifts` ─▶ fan_out_wrapping.py

flume-conf/fan-out.conf reads each line once and decides by a header who gets it. Neither program
knows of the other, and either may be down for a while. A batch whose answer got lost comes here
twice, and what a memory channel holds dies with the agent: good enough for totals on a screen.

Run it:  flumelab run fan-out
Expect:  each second the products that were sold in it, most sold first; and at last every product's
         quantity as the generator knows it, beside what the other program has found.
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


def store(time, rdd):
    sales = sorted(rdd.collect(), key=lambda sale: -sale[1])
    if sales:
        best = ", ".join(f"{quantity:,} {product}" for product, quantity in sales[:3])
        print(f"{time:%T}  sold {sum(quantity for _, quantity in sales):>6,}: {best}")
    RESULTS.add_batch(f"sales {time}", sales)


def add_up_sales():
    ssc = StreamingContext(SparkContext(appName="fan-out-sales"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)

    orders = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.order)
    orders.map(lambda event: sale(event[1])).reduceByKey(add, 1).foreachRDD(store)
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, add_up_sales)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
