"""How many of each product has the shop sold so far? Totals that grow from batch to batch.

    orders ─▶ Flume ─▶ (product, quantity) ─▶ updateStateByKey ─▶ print, result store

The state of a key is what the update function returned for it last: here a number. Spark keeps the
state of all keys in memory and regularly in the checkpoint, from which a new driver continues.

Run it:  flumelab run running-totals
Expect:  each second, the ten products most sold since the start; in the end, the generator's
         quantity for each product.
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse


def add_to_total(quantities, total):
    return sum(quantities, total or 0)


def print_most_sold(rdd):
    for product, quantity in rdd.takeOrdered(10, key=lambda total: -total[1]):
        print(f"{quantity:>9,} {product}")


def add_up_sales():
    ssc = StreamingContext(SparkContext(appName="running-totals"), batchDuration=1)
    orders = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.sale)

    sales = orders.map(lambda event: event[1])
    sold = sales.reduceByKey(add, 1)
    totals = sold.updateStateByKey(add_to_total, 1).cache()

    totals.foreachRDD(print_most_sold)
    totals.foreachRDD(lambda time, rdd: lab.store.put(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(add_up_sales)
