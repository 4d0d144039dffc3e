"""Wrong: the table is dropped and made anew, not appended to.

actions ─▶ S3 bucket ─▶ from_json ─▶ by action and hour ──JDBC──▶ database
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import concat_ws, count, date_format, from_json

from flumelab.programs import lab

ACTION = "time timestamp, user string, action string"


def store(rows, number, table):
    rows.write.format("jdbc").options(**table).mode("overwrite").save()
    print(f"batch {number}: {rows.count()} rows")


def count_by_hour():
    spark = SparkSession.builder.appName("hours-to-mysql").getOrCreate()
    lines = spark.readStream.format("text").load(lab.LOGS)

    actions = lines.select(from_json("value", ACTION).alias("line")).select("line.*")
    hour = date_format("time", "yyyy-MM-dd'T'HH:00:00'Z'")
    counts = actions.groupBy(concat_ws(" ", hour, "action").alias("key"))
    counts = counts.agg(count("*").alias("value"))
    query = counts.writeStream.outputMode("update").foreachBatch(lab.staged(store))
    query = query.trigger(processingTime="1 second")
    query.option("checkpointLocation", lab.CHECKPOINT).start()


if __name__ == "__main__":
    lab.run_queries(count_by_hour)
