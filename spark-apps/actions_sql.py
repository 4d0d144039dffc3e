"""How often is each action done in each hour? The same question as in late_events.py, in SQL.

    actions ─▶ Flume ─▶ landing log ─▶ view "actions" ─▶ SELECT … GROUP BY ─▶ result store

A stream is a table, so SQL asks it as it asks a table: by name, once it is a view. The watermark is
part of the view.

Run it:  flumelab run sql
Expect:  with each micro-batch the busiest of the hours that it changed; at last every action's
         number in every hour, without what came hours late, as the generator knows it.
"""

import os

from pyspark.sql import SparkSession

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

# One clock that is ahead would move the watermark, and what all others send would be late.
LINES = """
    SELECT CASE WHEN line.time < now() + INTERVAL 1 DAY THEN line.time END AS time, line.action
    FROM (SELECT read(body) AS line FROM events)
"""
HOURS = """
    SELECT date_format(window.start, "yyyy-MM-dd'T'HH:mm:ss'Z'") AS hour, action, count(*) AS events
    FROM actions
    GROUP BY window(time, '1 hour'), action
"""
MALFORMED_LINES = "SELECT count(*) AS events FROM lines WHERE time IS NULL"


def store_hours(batch, number):
    rows = batch.collect()
    if busiest := max(rows, key=lambda row: row.events, default=None):
        print(f"batch {number}: {busiest.events:,} of {busiest.action} from {busiest.hour}")
    RESULTS.put_batch(f"hours {number}", [(f"{row.hour} {row.action}", row.events) for row in rows])


def store_malformed(batch, number):
    [row] = batch.collect()
    if row.events:
        RESULTS.put_batch(f"malformed {number}", [(MALFORMED, row.events)])


def count_by_hour(spark):
    spark.udf.register("read", formats.action, "time timestamp, user string, action string")
    source = spark.readStream.format("flume").option("landing", LANDING)
    source.option("maxRowsPerTrigger", 500).load().createOrReplaceTempView("events")
    lines = spark.sql(LINES)
    lines.createOrReplaceTempView("lines")
    lines.withWatermark("time", "1 hour").createOrReplaceTempView("actions")

    for name, query, store in (
        ("hours", HOURS, store_hours),
        ("malformed", MALFORMED_LINES, store_malformed),
    ):
        stream = spark.sql(query).writeStream.outputMode("update").foreachBatch(store)
        stream.option("checkpointLocation", f"{CHECKPOINT}/{name}").start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("sql").getOrCreate()
    count_by_hour(spark)
    await_stop_of_queries(spark)
