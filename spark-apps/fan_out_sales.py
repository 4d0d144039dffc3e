"""One Flume agent, two programs. This one gets every order: what has been sold?

    orders ─▶ Flume ─┬─▶ channel `every` ─▶ (product, quantity) ─▶ reduceByKey ─▶ result store
                     └─▶ channel `gifts` ─▶ fan_out_wrapping.py

With flume-conf/fan-out.conf an agent reads each line once, and a header decides which program gets
it. Neither program knows of the other, and either may be down for a while. A batch whose answer was
lost arrives here twice, and a memory channel loses its events when the agent dies. That is good
enough for totals on a screen.

Run it:  flumelab run fan-out
Expect:  each second, the products sold in it, most sold first; in the end, the generator's quantity
         for each product, next to what the other program has found.
"""

from operator import add

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse


def show(time, rdd):
    sales = sorted(rdd.collect(), key=lambda sale: -sale[1])
    if sales:
        sold = sum(quantity for _, quantity in sales)
        best = ", ".join(f"{quantity:,} {product}" for product, quantity in sales[:3])
        print(f"{time:%T}  sold {sold:>6,}: {best}")
    lab.store.add(time, sales)


def add_up_sales():
    ssc = StreamingContext(SparkContext(appName="fan-out-sales"), batchDuration=1)
    orders = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.sale)

    sales = orders.map(lambda event: event[1])
    sold = sales.reduceByKey(add, 1)
    sold.foreachRDD(show)
    return ssc


if __name__ == "__main__":
    lab.run_streams(add_up_sales)
