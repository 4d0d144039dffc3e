"""How often is each URL of an access log asked for? In Structured Streaming, each line once.

    access log ─▶ Flume ─▶ receiver ─▶ landing log ─┬─▶ by URL ─▶ result store
                                                    └─▶ by URL and 5 minutes ─▶ top ten, printed

The stream is a table that grows; each query says what to make of it. The first one adds up every
line, and writes each micro-batch together with its number, so that one that runs again changes
nothing. The second one goes by the time in the line, whenever it comes: it waits ten minutes of
that time for late lines, and leaves out those that come later still.

Run it:  make lab APP=structured
Expect:  the ten URLs most asked for in the latest five minutes of the log, and at last, in
         `flumelab ledger`, every URL's count as the generator knows it.
"""

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, desc, regexp_extract, try_to_timestamp, when, window
from pyspark.sql.functions import lit as text

from flumelab.counts import MALFORMED
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

# client identity user [time] "METHOD URL HTTP/version" status bytes "referer" "user agent"
LINE = (
    r'(?s)^\S+ \S+ [^\[]+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/[\d.]+" \d{3} (?:\d+|-)'
    r'(?: "[^"\\]*(?:\\.[^"\\]*)*" "[^"\\]*(?:\\.[^"\\]*)*")?\s*\z'
)
TIME = r"\[([^\]]+)\]"


def add_to_totals(batch, number):
    query = batch.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId")
    RESULTS.add_batch(f"{query} {number}", batch.groupBy("url").count().collect())


def print_top_ten(batch, number):
    for row in batch.orderBy(desc("window.start"), desc("count")).limit(10).collect():
        print(
            f"{row.window.start:%d %b %H:%M} to {row.window.end:%H:%M} {row['count']:>9,} {row.url}"
        )


def count_urls(spark):
    # What has piled up is taken in pieces that fit in memory, and by turns with the other query.
    pieces = {"landing": LANDING, "maxRowsPerTrigger": 500_000}
    source = spark.readStream.format("flume").options(**pieces)
    events = source.schema("body string").load()  # what is not asked for costs nothing
    time = try_to_timestamp(regexp_extract("body", TIME, 1), text("dd/MMM/yyyy:HH:mm:ss Z"))
    # A select of its own: in one, Spark would match each line twice.
    matched = events.select(regexp_extract("body", LINE, 1).alias("url"), time.alias("time"))
    url = col("url")
    lines = matched.select(
        when(url != "", url).otherwise(MALFORMED).alias("url"),
        when(url != "", col("time")).alias("time"),
    )
    by_window = (
        lines.withWatermark("time", "10 minutes")
        .groupBy(window("time", "5 minutes", "1 minute"), "url")
        .count()
    )
    totals, top_ten = lines.writeStream, by_window.writeStream.outputMode("update")
    top_ten = top_ten.trigger(processingTime="5 seconds")  # as fast as one can read
    totals.foreachBatch(add_to_totals).option("checkpointLocation", f"{CHECKPOINT}/totals").start()
    top_ten.foreachBatch(print_top_ten).option("checkpointLocation", f"{CHECKPOINT}/top").start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("structured").getOrCreate()
    count_urls(spark)
    await_stop_of_queries(spark)
