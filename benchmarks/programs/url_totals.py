"""The first query of spark-apps/url_counts_structured.py alone, for benchmarks.

TEXT_DIR names a folder whose files Spark's own text source reads instead of the landing log.
TRIGGER is how often there is a micro-batch, as in ``2 seconds``; by default one follows the other.
"""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from flumelab.programs import lab
from flumelab.programs.columns import with_url

sys.path.insert(0, str(Path(__file__).parents[2] / "spark-apps"))
from url_counts_structured import add_to_totals

lab.store.create()
spark = SparkSession.builder.appName("totals").getOrCreate()
if folder := os.environ.get("TEXT_DIR"):
    lines = spark.readStream.text(folder).withColumnRenamed("value", "body")
else:
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    lines = source.schema("body string").load()
urls = with_url(lines, "body").select("url")
query = urls.writeStream.foreachBatch(add_to_totals).option("checkpointLocation", lab.CHECKPOINT)
query.trigger(processingTime=os.environ.get("TRIGGER", "0 seconds")).start().awaitTermination()
