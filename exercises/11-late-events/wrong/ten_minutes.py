"""Wrong: the watermark is ten minutes behind, and not an hour.

actions ─▶ Flume ─▶ landing log ─▶ watermark ─▶ by action and hour of the event ─▶ result store
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf, window

from flumelab.programs import lab, parse


def store(hours, number):
    rows = hours.collect()
    print(f"batch {number}: {len(rows)} rows")
    counts = [(f"{row.window.start:%FT%TZ} {row.action}", row["count"]) for row in rows]
    lab.store.put(number, counts)


def count_by_hour():
    spark = SparkSession.builder.appName("hours").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.option("maxRowsPerTrigger", 700).schema("body binary").load()

    read = udf(parse.action, parse.ACTION_SCHEMA)
    actions = events.select(read("body").alias("read")).select("read.*")
    in_time = actions.withWatermark("time", "10 minutes")
    hours = in_time.groupBy("action", window("time", "1 hour")).count()
    query = hours.writeStream.outputMode("update").foreachBatch(store)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/hours").start()


if __name__ == "__main__":
    lab.run_queries(count_by_hour)
