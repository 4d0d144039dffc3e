"""One Flume agent, two programs. This one gets the gifts only: what is there to wrap?

    orders ─▶ Flume ─┬─▶ channel `every` ─▶ fan_out_sales.py
                     └─▶ channel `gifts` ─▶ landing log ─▶ by product ─▶ result store

It need not drop what is no gift: flume-conf/fan-out.conf sends it nothing else. Whatever comes is
counted, so that an order which went the wrong way would show. Each gift counts once: the channel is
on disk, the landing log knows each line's place, the store each micro-batch.

Run it:  flumelab run fan-out
Expect:  with each micro-batch the gifts in it; at last, under `wrap PRODUCT`, every gift's quantity
         as the generator knows it, beside what the other program has found.
"""

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import coalesce, lit, udf
from pyspark.sql.functions import sum as total

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))


def store(batch, number):
    rows = batch.groupBy("product").agg(total("quantity")).collect()
    gifts = sorted(rows, key=lambda gift: -gift[1])
    if gifts:
        most = ", ".join(f"{quantity} {product}" for product, quantity in gifts[:3])
        print(f"batch {number}  wrap {sum(quantity for _, quantity in gifts):>5,}: {most}")
    RESULTS.add_batch(f"gifts {number}", [(f"wrap {product}", n) for product, n in gifts])


def add_up_gifts(spark):
    read_order = udf(formats.order, "time timestamp, product string, quantity int, cents long")
    source = spark.readStream.format("flume").option("landing", LANDING)
    orders = source.schema("body binary").load().select(read_order("body").alias("read"))
    gifts = orders.select(
        coalesce("read.product", lit(MALFORMED)).alias("product"),
        coalesce("read.quantity", lit(1)).alias("quantity"),
    )
    query = gifts.writeStream.queryName("gifts").foreachBatch(store)
    query.option("checkpointLocation", f"{CHECKPOINT}/gifts").start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("fan-out-wrapping").getOrCreate()
    add_up_gifts(spark)
    await_stop_of_queries(spark)
