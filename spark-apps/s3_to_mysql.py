"""How often is each action done in each hour? From JSON logs in S3 into MySQL.

    actions ─▶ S3 bucket ◀──list── readStream.text ─▶ by action and hour ──JDBC──▶ MariaDB

Each new object in the bucket is rows of an unbounded table. A micro-batch is a table like any
other, so its hours are written as any table is, by JDBC: several tasks, each with a connection of
its own, into a table apart. Then one transaction takes them over and notes the batch's number: a
batch that runs again, because the driver died before Spark knew that it was done, changes nothing.

Run it:  flumelab run s3-to-mysql
Expect:  with each micro-batch how many hours it has changed; at last every action's number in every
         hour in MariaDB, as the generator knows it. Locally, where MariaDB is not installed, in
         SQLite.
"""

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, concat_ws, date_format, encode, lit, udf, window

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

LOGS = os.environ.get("LOGS_URL", "logs")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))


def store(hours, number):
    hour = date_format("window.start", "yyyy-MM-dd'T'HH:mm:ss'Z'")
    rows = hours.select(concat_ws(" ", hour, "action").alias("url"), col("count").alias("hits"))
    with RESULTS.staged(f"hours {number}") as (attempt, options):
        rows = rows.withColumn("attempt", lit(attempt)).cache()
        rows.write.format("jdbc").options(**options).mode("append").save()
        print(f"batch {number}: {rows.count():>4,} hours of an action have changed")
        rows.unpersist()


def store_malformed(lines, number):
    RESULTS.add_batch(f"malformed {number}", [(MALFORMED, lines.count())])


def count_by_hour(spark):
    read_action = udf(formats.action, "time timestamp, user string, action string")
    lines = spark.readStream.text(LOGS, lineSep="\n").select(encode("value", "utf-8").alias("line"))
    read = lines.select(read_action("line").alias("read")).select("read.*")
    hours = read.where("time IS NOT NULL").groupBy("action", window("time", "1 hour")).count()
    malformed = read.where("time IS NULL")

    for name, table, keep in (("hours", hours, store), ("malformed", malformed, store_malformed)):
        query = table.writeStream.outputMode("update").foreachBatch(RESULTS.patient(keep))
        # A look into the bucket is a request, which Amazon charges for.
        query = query.trigger(processingTime="1 second")
        query.option("checkpointLocation", f"{CHECKPOINT}/{name}").start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("s3-to-mysql").getOrCreate()
    count_by_hour(spark)
    await_stop_of_queries(spark)
