"""What has been sold? Each order counts once, however often it arrives.

    orders ─▶ Flume ─▶ (product, (number, quantity)) ─▶ updateStateByKey ─▶ result store

An order has a number of its own, so one that comes again is recognised.
"""

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab


def sale(body):
    _, number, product, quantity, _ = body.decode().split(",")
    return product, (number, int(quantity))


def remember(new, known):
    return (known or {}) | dict(new)


def store(time, rdd):
    sold = rdd.mapValues(lambda orders: sum(orders.values())).collect()
    print(f"{time:%T}  sold {sum(quantity for _, quantity in sold):>6,} so far")
    lab.store.put(time, sold)


def add_up_orders():
    ssc = StreamingContext(SparkContext(appName="orders-once"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=sale)

    orders = events.map(lambda event: event[1])
    orders.updateStateByKey(remember, 1).foreachRDD(store)
    return ssc


if __name__ == "__main__":
    lab.run_streams(add_up_orders)
