"""For end_to_end_ratio.py: spark-apps/url_counts_structured.py with only its first query.

The aim is throughput and not latency: a micro-batch costs a fifth of a second of CPU even with few
rows, so there is one every two seconds.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, regexp_extract, when

sys.path.insert(0, str(Path(__file__).parents[2] / "spark-apps"))
from url_counts_structured import CHECKPOINT, LANDING, LINE, MALFORMED, RESULTS, add_to_totals

RESULTS.create()
spark = SparkSession.builder.appName("totals").getOrCreate()
source = spark.readStream.format("flume").option("landing", LANDING)
events = source.schema("body string").load()
matched = events.select(regexp_extract("body", LINE, 1).alias("url"))
urls = matched.select(when(col("url") != "", col("url")).otherwise(MALFORMED).alias("url"))
query = urls.writeStream.foreachBatch(add_to_totals).option("checkpointLocation", CHECKPOINT)
query = query.trigger(processingTime="2 seconds")
query.start().awaitTermination()
