"""A query that records each micro-batch in a file of its number; argument: JSON of the job."""

import json
import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

job = json.loads(sys.argv[1])
output = Path(job["output"])


def record(batch: DataFrame, number: int) -> None:
    """Replaced if Spark does the batch again: so each event counts once."""
    bodies = [bytes(row.body).decode() for row in batch.select("body").collect()]
    part = output / f"{number}.part"
    part.write_text("\n".join(bodies))
    part.rename(output / f"{number}.txt")


builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
spark = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
events = spark.readStream.format("flume").options(**job["options"]).load()
query = events.writeStream.option("checkpointLocation", job["checkpoint"]).foreachBatch(record)
query.start().awaitTermination()
