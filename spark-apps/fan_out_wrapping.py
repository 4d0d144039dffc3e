"""One Flume agent, two programs. This one gets the gifts only: what is there to wrap?

    orders ─▶ Flume ─┬─▶ channel `every` ─▶ fan_out_sales.py
                     └─▶ channel `gifts` ─▶ landing log ─▶ by product ─▶ result store

It filters nothing, because flume-conf/fan-out.conf sends it only gifts. It counts whatever arrives,
so a misrouted order would show. Each gift counts once: the channel is on disk, the landing log
knows each line's place, and the store knows each micro-batch.

Run it:  flumelab run fan-out
Expect:  for each micro-batch, the gifts in it; in the end, under `wrap PRODUCT`, the generator's
         quantity for each gift, next to what the other program has found.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import coalesce, lit, udf
from pyspark.sql.functions import sum as total

from flumelab.programs import lab, parse


def store(batch, number):
    rows = batch.groupBy("product").agg(total("quantity")).collect()
    gifts = sorted(rows, key=lambda gift: -gift[1])
    if gifts:
        wrap = sum(quantity for _, quantity in gifts)
        most = ", ".join(f"{quantity} {product}" for product, quantity in gifts[:3])
        print(f"batch {number}  wrap {wrap:>5,}: {most}")
    lab.store.add(f"gifts {number}", [(f"wrap {product}", n) for product, n in gifts])


def add_up_gifts():
    spark = SparkSession.builder.appName("fan-out-wrapping").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.schema("body binary").load()

    read = udf(parse.order, parse.ORDER_SCHEMA)
    orders = events.select(read("body").alias("read")).select("read.*")
    gifts = orders.select(
        coalesce("product", lit(parse.MALFORMED)).alias("product"),
        coalesce("quantity", lit(1)).alias("quantity"),
    )
    query = gifts.writeStream.queryName("gifts").foreachBatch(store)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/gifts").start()


if __name__ == "__main__":
    lab.run_queries(add_up_gifts)
