"""The pipeline: web server lines arrive by Flume, and failed requests are counted by path.

spark-submit pipeline.py LANDING CHECKPOINT TABLE
"""

import sys

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, count, get, split


def failures_by_path(events: DataFrame) -> DataFrame:
    """Return `path` and `failures`: how many requests were answered with a status of 500 or more.

    :param events: rows with the lines of an access log as `body`
    """
    words = split(col("body").cast("string"), " ")
    # A line that is no request has no seventh word, and is left out.
    requests = events.select(
        get(words, 6).alias("path"), get(words, 8).try_cast("int").alias("status")
    )
    return requests.where("status >= 500").groupBy("path").agg(count("*").alias("failures"))


def main(landing: str, checkpoint: str, table: str) -> None:
    """Keep the table up to date until the program is stopped."""
    spark = SparkSession.builder.appName("failures").getOrCreate()
    events = spark.readStream.format("flume").option("landing", landing).load()

    def replace(rows: DataFrame, _: int) -> None:
        rows.write.mode("overwrite").parquet(table)

    query = failures_by_path(events).writeStream.outputMode("complete").foreachBatch(replace)
    query.option("checkpointLocation", checkpoint).start().awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
