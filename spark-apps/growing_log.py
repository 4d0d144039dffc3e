"""How much of each log that grows has come? Each line once, across rotations and kills.

    access.log ─▶ Flume ─▶ receiver ─▶ landing log ─┬─▶ by log ─▶ printed
    access.log.1                                    └─▶ by URL ─▶ result store

A rotation renames the log, so its name says nothing: an event has the identity of its log (device,
inode and a fingerprint of the first line) and the place of its line in it, in its headers. The
receiver keeps each place once. So the lines of a log that have come have as many bytes, in sum, as
the furthest of them has reached. More would be repeats, and fewer a gap. Kill the agent (kill -9)
while lines come, and start it again. docs/how-to/follow-a-growing-log.md has more to try.

Run it:  flumelab run growing-log      (or: flumelab up --lesson growing-log; flumelab feed)
Expect:  for each log, as many bytes as the furthest line has reached; in the end, in
         `flumelab ledger`, the generator's count for each URL.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, count, max, sum

from flumelab.programs import columns, lab


def add_to_totals(batch, number):
    counts = batch.groupBy("url").count().collect()
    lab.store.add(lab.batch_name(batch, number), counts)


def print_logs(batch, number):
    for file, lines, come, furthest in batch.orderBy("file").collect():
        print(f"{file} {lines:>7,} lines, {come:,} bytes of {furthest:,}")


def count_lines():
    spark = SparkSession.builder.appName("growing-log").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    source = source.option("maxRowsPerTrigger", 500_000)
    events = source.schema("headers map<string, string>, body string").load()

    urls = columns.with_url(events, "body").select("url")
    totals = urls.writeStream.foreachBatch(add_to_totals)
    totals.option("checkpointLocation", f"{lab.CHECKPOINT}/totals").start()

    header = col("headers")
    places = events.select(
        header["file"].alias("file"),
        header["offset"].cast("long").alias("begin"),
        header["end"].cast("long").alias("end"),
    )
    come = sum(col("end") - col("begin"))
    logs = places.groupBy("file").agg(count("*"), come, max("end"))
    shown = logs.writeStream.outputMode("update").foreachBatch(print_logs)
    shown = shown.trigger(processingTime="1 second")
    shown.option("checkpointLocation", f"{lab.CHECKPOINT}/logs").start()


if __name__ == "__main__":
    lab.run_queries(count_lines)
