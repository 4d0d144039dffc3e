"""How often is each action done in each hour? From JSON in a bucket into a database.

    actions ─▶ S3 bucket ─▶ from_json ─▶ by action ─▶ printed

Now it counts each action, and prints that. Let it count by action and hour, into the database.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, count, from_json

from flumelab.programs import lab

ACTION = "time timestamp, user string, action string"


def store(rows, number, table):
    rows.show()


def count_by_hour():
    spark = SparkSession.builder.appName("hours-to-mysql").getOrCreate()
    lines = spark.readStream.format("text").load(lab.LOGS)

    actions = lines.select(from_json("value", ACTION).alias("line")).select("line.*")
    counts = actions.groupBy(col("action").alias("key"))
    counts = counts.agg(count("*").alias("value"))
    query = counts.writeStream.outputMode("update").foreachBatch(lab.staged(store))
    query = query.trigger(processingTime="1 second")
    query.option("checkpointLocation", lab.CHECKPOINT).start()


if __name__ == "__main__":
    lab.run_queries(count_by_hour)
