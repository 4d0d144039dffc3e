"""For end_to_end_ratio.py: spark-apps/url_counts_structured.py with only its first query.

The aim is throughput and not latency: a micro-batch costs a fifth of a second of CPU even with few
rows, so there is one every two seconds.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession

from flumelab.programs import lab
from flumelab.programs.columns import with_url

sys.path.insert(0, str(Path(__file__).parents[2] / "spark-apps"))
from url_counts_structured import add_to_totals

lab.store.create()
spark = SparkSession.builder.appName("totals").getOrCreate()
source = spark.readStream.format("flume").option("landing", lab.LANDING)
events = source.schema("body string").load()
urls = with_url(events, "body").select("url")
query = urls.writeStream.foreachBatch(add_to_totals).option("checkpointLocation", lab.CHECKPOINT)
query = query.trigger(processingTime="2 seconds")
query.start().awaitTermination()
