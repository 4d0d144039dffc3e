"""A table that grows without end, and three ways to report its result.

    orders ─▶ Flume ─▶ landing log ─┬─▶ by product ─────────▶ complete: the whole result, each time
                                    ├─▶ by product ─────────▶ update: the rows that changed
                                    └─▶ by product and hour ─▶ append: a row once, when it is final

To Structured Streaming the stream is an unbounded table: each event is one more row, and a query is
written as if the whole table were there. Only a watermark can tell when a row of an hour is final.

Run it:  flumelab run output-modes
Expect:  for each micro-batch of a thousand orders, how many rows each mode gives: complete gives
         all products, update those in these orders, append nothing until an hour is over. The
         store has what complete gave last: the generator's quantity for each product.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import coalesce, lit, udf, window
from pyspark.sql.functions import sum as total

from flumelab.programs import lab, parse


def show(mode):
    def print_rows(batch, number):
        rows = batch.select("product", "sold").collect()
        first = ", ".join(f"{product} {sold}" for product, sold in rows[:2])
        print(f"batch {number}  {mode:<8} {len(rows):>3} rows  {first}")
        if mode == "complete":
            lab.store.replace_all(number, rows)

    return print_rows


def start(mode, sales):
    query = sales.agg(total("quantity").alias("sold")).writeStream.queryName(mode)
    query = query.outputMode(mode).foreachBatch(show(mode))
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/{mode}").start()


def add_up_sales():
    spark = SparkSession.builder.appName("output-modes").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.option("maxRowsPerTrigger", 1000).schema("body binary").load()
    read = udf(parse.order, parse.ORDER_SCHEMA)
    orders = events.select(read("body").alias("read")).select("read.*")
    product = coalesce("product", lit(parse.MALFORMED)).alias("product")
    sales = orders.select("time", product, coalesce("quantity", lit(1)).alias("quantity"))

    start("complete", sales.groupBy("product"))
    start("update", sales.groupBy("product"))
    hours = sales.withWatermark("time", "1 minute").groupBy(window("time", "1 hour"), "product")
    start("append", hours)


if __name__ == "__main__":
    lab.run_queries(add_up_sales)
