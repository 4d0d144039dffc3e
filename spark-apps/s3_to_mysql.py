"""How often is each action done in each hour? From JSON logs in S3 into MySQL.

    actions ─▶ S3 bucket ◀──list── readStream.text ─▶ by action and hour ──JDBC──▶ MariaDB

Each new object in the bucket adds rows to an unbounded table. A micro-batch is a table like any
other, so Spark writes its hours as it writes any table, by JDBC: several tasks, each with its own
connection, fill a staging table. Then one transaction takes over the rows and notes the batch's
number. If the driver dies before Spark has noted the batch's end, the batch runs again and changes
nothing.

Run it:  flumelab run s3-to-mysql
Expect:  for each micro-batch, how many hours it has changed; in the end, in MariaDB, the
         generator's number of each action in each hour. Without MariaDB, the local runtime uses
         SQLite.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, concat_ws, count, date_format, date_trunc, encode, udf, when

from flumelab.programs import lab, parse


def store(rows, number, table):
    rows.write.format("jdbc").options(**table).mode("append").save()
    hours = rows.where(col("key") != parse.MALFORMED).count()
    print(f"batch {number}: {hours:>4,} hours of an action have changed")


def count_by_hour():
    spark = SparkSession.builder.appName("s3-to-mysql").getOrCreate()
    source = spark.readStream.format("text").option("lineSep", "\n")
    lines = source.load(lab.LOGS)

    body = encode("value", "utf-8")
    read = udf(parse.action, parse.ACTION_SCHEMA)
    parsed = lines.select(read(body).alias("read"))
    actions = parsed.select("read.*")

    hour = date_format(date_trunc("hour", "time"), "yyyy-MM-dd'T'HH:mm:ss'Z'")
    good = concat_ws(" ", hour, "action")
    key = when(col("time").isNull(), parse.MALFORMED).otherwise(good)
    counts = actions.groupBy(key.alias("key")).agg(count("*").alias("value"))

    query = counts.writeStream.outputMode("update")
    # Each listing of the bucket is a request, and Amazon charges for it.
    query = query.trigger(processingTime="1 second")
    query = query.foreachBatch(lab.staged(store))
    query.option("checkpointLocation", lab.CHECKPOINT).start()


if __name__ == "__main__":
    lab.run_queries(count_by_hour)
