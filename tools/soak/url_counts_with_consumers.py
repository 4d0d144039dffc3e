"""spark-apps/url_counts_structured.py for a long run: its queries let retention remove events.

Each query has a consumer, so the log keeps only what one of them still needs. Their checkpoints
keep fewer micro-batches, so that a run of minutes shows the size that a long one has.
"""

import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import window

from flumelab.programs import columns, lab

sys.path.insert(0, str(Path(__file__).parents[2] / "spark-apps"))
from url_counts_structured import (  # type: ignore[import-not-found]
    add_to_totals,
    print_top_ten,
)


def lines_for(consumer: str) -> DataFrame:
    """The lines with their URLs, for a query of this name."""
    source = SparkSession.active().readStream.format("flume").option("landing", lab.LANDING)
    source = source.option("maxRowsPerTrigger", 500_000).option("consumer", consumer)
    return columns.with_url(source.schema("body string").load(), "body")


def count_urls() -> None:
    """Start both queries."""
    builder = SparkSession.builder.appName("soak")
    builder.config("spark.sql.streaming.minBatchesToRetain", 20).getOrCreate()

    totals = lines_for("totals").select("url").writeStream.foreachBatch(add_to_totals)
    totals.option("checkpointLocation", f"{lab.CHECKPOINT}/totals").start()

    waiting = columns.with_time(lines_for("top"), "body").withWatermark("time", "10 minutes")
    windows = waiting.groupBy(window("time", "5 minutes", "1 minute"), "url").count()
    top_ten = windows.writeStream.outputMode("update").foreachBatch(print_top_ten)
    top_ten = top_ten.trigger(processingTime="5 seconds")
    top_ten.option("checkpointLocation", f"{lab.CHECKPOINT}/top").start()


if __name__ == "__main__":
    lab.run_queries(count_urls)
