"""How often is each action done in each hour? The same question as in late_events.py, in SQL.

    actions ─▶ Flume ─▶ landing log ─▶ view "actions" ─▶ SELECT … GROUP BY ─▶ result store

A stream is a table. Once it has a view, SQL queries it by name, like any other table. The watermark
is part of the view.

Run it:  flumelab run sql
Expect:  for each micro-batch, the busiest of the hours that it changed; in the end, the generator's
         number of each action in each hour, without the events that came hours late.
"""

from pyspark.sql import SparkSession

from flumelab.programs import lab, parse

# One clock that is ahead would move the watermark, and all other events would be late.
LINES = """
    SELECT CASE WHEN line.time < now() + INTERVAL 1 DAY THEN line.time END AS time, line.action
    FROM (SELECT read(body) AS line FROM events)
"""
HOURS = """
    SELECT date_format(window.start, "yyyy-MM-dd'T'HH:mm:ss'Z'") AS hour, action, count(*) AS events
    FROM actions
    GROUP BY window(time, '1 hour'), action
"""


def store(batch, number):
    rows = batch.collect()
    if busiest := max(rows, key=lambda row: row.events, default=None):
        print(f"batch {number}: {busiest.events:,} of {busiest.action} from {busiest.hour}")
    lab.store.put(f"hours {number}", [(f"{row.hour} {row.action}", row.events) for row in rows])


def count_by_hour():
    spark = SparkSession.builder.appName("sql").getOrCreate()
    spark.udf.register("read", parse.action, parse.ACTION_SCHEMA)
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    source.option("maxRowsPerTrigger", 500).load().createOrReplaceTempView("events")

    lines = spark.sql(LINES)
    actions = lines.where("time IS NOT NULL").withWatermark("time", "1 hour")
    actions.createOrReplaceTempView("actions")

    query = spark.sql(HOURS).writeStream.outputMode("update").foreachBatch(store)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/hours").start()
    lab.count_malformed(lines.where("time IS NULL"))


if __name__ == "__main__":
    lab.run_queries(count_by_hour)
