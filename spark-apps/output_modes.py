"""A table that grows without end, and three ways to say what it has come to.

    orders ─▶ Flume ─▶ landing log ─┬─▶ by product ─────────▶ complete: the whole result, each time
                                    ├─▶ by product ─────────▶ update: the rows that changed
                                    └─▶ by product and hour ─▶ append: a row once, when it is final

To Structured Streaming the stream is an unbounded table: each event is one more row, and a query is
written as if the table were all there. When a row of an hour is final only a watermark can tell.

Run it:  flumelab run output-modes
Expect:  with each micro-batch of a thousand orders how many rows each mode gives: complete always
         all products, update those of these orders, append nothing until an hour is over. The
         store has what complete gave last: each product's quantity as the generator knows it.
"""

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import coalesce, lit, udf, window
from pyspark.sql.functions import sum as total

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))


def show(mode):
    def print_rows(batch, number):
        rows = batch.collect()
        first = ", ".join(f"{row['product']} {row['sold']}" for row in rows[:2])
        print(f"batch {number}  {mode:<8} {len(rows):>3} rows  {first}")
        if mode == "complete":
            RESULTS.replace_all(f"batch {number}", [(row["product"], row["sold"]) for row in rows])

    return print_rows


def start(mode, sales):
    query = sales.agg(total("quantity").alias("sold")).writeStream.queryName(mode)
    query = query.outputMode(mode).option("checkpointLocation", f"{CHECKPOINT}/{mode}")
    query.foreachBatch(show(mode)).start()


def add_up_sales(spark):
    read_order = udf(formats.order, "time timestamp, product string, quantity int, cents long")
    source = spark.readStream.format("flume").option("landing", LANDING)
    events = source.option("maxRowsPerTrigger", 1000).schema("body binary").load()
    orders = events.select(read_order("body").alias("read")).select("read.*")
    sales = orders.select(
        "time",
        coalesce("product", lit(MALFORMED)).alias("product"),
        coalesce("quantity", lit(1)).alias("quantity"),
    )
    start("complete", sales.groupBy("product"))
    start("update", sales.groupBy("product"))
    hours = sales.withWatermark("time", "1 minute").groupBy(window("time", "1 hour"), "product")
    start("append", hours)


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("output-modes").getOrCreate()
    add_up_sales(spark)
    await_stop_of_queries(spark)
