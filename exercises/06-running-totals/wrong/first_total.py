"""Wrong: a product that has a total keeps it, because + comes before or.

orders ─▶ Flume ─▶ (product, quantity) ─▶ updateStateByKey ─▶ result store
"""

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse


def add_to_total(quantities, total):
    return total or 0 + sum(quantities)


def add_up_sales():
    ssc = StreamingContext(SparkContext(appName="running-totals"), batchDuration=1)
    orders = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.sale)

    # Of an order, parse.sale makes the pair (product, quantity).
    sales = orders.map(lambda event: event[1])
    totals = sales.updateStateByKey(add_to_total, 1)

    totals.pprint(5)
    totals.foreachRDD(lambda time, rdd: lab.store.put(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(add_up_sales)
