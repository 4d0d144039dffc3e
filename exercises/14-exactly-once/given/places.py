"""How often is each URL requested? Only of lines that say which line they are.

    access log ─▶ Flume ─▶ landing log ─▶ by URL, or `no place` ─▶ result store

The landing log stores each place of each file once. A line without a place is stored whenever it
comes, so nobody can say whether it has been counted before. It is counted under `no place`.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, map_contains_key, when

from flumelab.programs import columns, lab


def store(batch, number):
    counts = batch.groupBy("key").count().collect()
    print(f"batch {number}: {sum(n for _, n in counts):,} lines")
    lab.store.add(lab.batch_name(batch, number), counts)


def count_urls():
    spark = SparkSession.builder.appName("places").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.schema("headers map<string,string>, body string").load()

    lines = columns.with_url(events, "body")
    has_place = map_contains_key("headers", "offset")
    keys = lines.select(when(has_place, col("url")).otherwise("no place").alias("key"))
    query = keys.writeStream.foreachBatch(store)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/places").start()


if __name__ == "__main__":
    lab.run_queries(count_urls)
