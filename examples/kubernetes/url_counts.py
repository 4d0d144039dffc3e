"""Count the URLs of an access log: spark-submit url_counts.py LANDING CHECKPOINT [PORT].

With a port the driver listens for Flume's sinks; without one a receiver of its own does.
"""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, split

landing, checkpoint, *port = sys.argv[1:]
spark = SparkSession.builder.config("spark.sql.shuffle.partitions", 2).getOrCreate()
events = spark.readStream.format("flume").option("landing", landing).option("consumer", "counts")
if port:
    events.option("port", port[0])
url = split(col("body").cast("string"), " ")[6].alias("url")
query = (
    events.load()
    .groupBy(url)
    .count()
    .writeStream.format("console")
    .outputMode("complete")
    .option("truncate", False)
    .option("numRows", 100)
    .option("checkpointLocation", checkpoint)
    .trigger(processingTime="1 second")
    .start()
)
query.awaitTermination()
