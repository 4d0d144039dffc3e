"""What has sold best in the past hour? A window over keyed sales, sorted by their takings.

    orders ─▶ Flume ─▶ (product, cents) ─▶ reduceByKeyAndWindow, 1 h by 5 s ─▶ top ten, store

The hour is the one in which the orders reached Spark, by Spark's clock: a DStream knows no other
time. late_events.py counts by the hour in the event.

Run it:  flumelab run top-sellers
Expect:  every five seconds, the ten products with the highest takings in the past hour; in the end,
         and for the next hour, the generator's takings for each product since the start.
"""

from operator import add, sub

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

HOUR, SLIDE = 3600, 5  # seconds


def show(time, rdd):
    takings = sorted(rdd.collect(), key=lambda total: -total[1])
    print(f"--- the hour to {time:%T}")
    for product, cents in takings[:10]:
        print(f"{cents / 100:>12,.2f} {product}")
    lab.store.replace_all(time, takings)


def watch_sales():
    ssc = StreamingContext(SparkContext(appName="top-sellers"), batchDuration=1)
    orders = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.takings)

    takings = orders.map(lambda event: event[1]).reduceByKey(add, 1)
    hour = takings.reduceByKeyAndWindow(add, sub, HOUR, SLIDE, 1, lambda total: total[1] > 0)
    hour.foreachRDD(show)
    return ssc


if __name__ == "__main__":
    lab.run_streams(watch_sales)
