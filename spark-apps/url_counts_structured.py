"""How often is each URL of an access log requested? In Structured Streaming, each line once.

    access log ─▶ Flume ─▶ receiver ─▶ landing log ─┬─▶ by URL ─▶ result store
                                                    └─▶ by URL and 5 minutes ─▶ top ten, printed

The stream is a table that grows, and each query makes something else of it. The first adds up every
line and stores each micro-batch with its number, so one that runs again changes nothing. The second
uses the time in the line, whenever the line arrives: it waits ten minutes of that time for late
lines, and leaves out those that arrive later still.

Run it:  make lab LESSON=structured
Expect:  the ten URLs most requested in the latest five minutes of the log; in the end, in
         `flumelab ledger`, the generator's count for each URL.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import desc, window

from flumelab.programs import columns, lab


def add_to_totals(batch, number):
    counts = batch.groupBy("url").count().collect()
    lab.store.add(lab.batch_name(batch, number), counts)


def print_top_ten(batch, number):
    newest_first = batch.orderBy(desc("window.start"), desc("count"))
    rows = newest_first.limit(10).collect()
    for row in rows:
        start, end = row.window
        print(f"{start:%d %b %H:%M} to {end:%H:%M} {row['count']:>9,} {row.url}")


def count_urls():
    spark = SparkSession.builder.appName("structured").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    # A backlog is read in pieces that fit in memory, and the two queries take turns.
    source = source.option("maxRowsPerTrigger", 500_000)
    events = source.schema("body string").load()  # the body as text

    lines = columns.with_url(events, "body")
    urls = lines.select("url")
    totals = urls.writeStream.foreachBatch(add_to_totals)
    totals.option("checkpointLocation", f"{lab.CHECKPOINT}/totals").start()

    timed = columns.with_time(lines, "body")
    waiting = timed.withWatermark("time", "10 minutes")
    windows = waiting.groupBy(window("time", "5 minutes", "1 minute"), "url").count()
    top_ten = windows.writeStream.outputMode("update").foreachBatch(print_top_ten)
    top_ten = top_ten.trigger(processingTime="5 seconds")  # nobody reads faster
    top_ten.option("checkpointLocation", f"{lab.CHECKPOINT}/top").start()


if __name__ == "__main__":
    lab.run_queries(count_urls)
