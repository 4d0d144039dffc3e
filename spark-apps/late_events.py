"""How often is each action done in each hour? By the time in the event, and with a watermark.

    actions ─▶ Flume ─▶ landing log ─▶ by action and window(time, 1 hour) ─▶ result store
                                                  watermark: 1 hour behind the latest event

A window is open until the watermark has passed its end: until an event has come that is an hour
later. What belongs to it and comes later still is dropped, so that its state can be let go.
Micro-batches are small here: a watermark moves between two of them, never within one.

Run it:  flumelab run late-events
Expect:  with each micro-batch the watermark and how many events it has dropped so far: in the end
         those that the generator sent four hours late or more, while all that came up to a minute
         late are in their hour.
"""

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, count, expr, lit, udf, when, window
from pyspark.sql.streaming import StreamingQueryListener

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

counted = {}  # by batch, all events that are in some hour by then


def store(hours, number):
    rows = hours.collect()
    counts = [(f"{row.window.start:%FT%TZ} {row.action}", row["count"]) for row in rows]
    RESULTS.put_batch(f"hours {number}", counts)
    counted[number] = RESULTS.counts().total


def store_malformed(batch, number):
    RESULTS.add_batch(f"malformed {number}", [(MALFORMED, batch.count())])


class ShowWhatIsDropped(StreamingQueryListener):
    read = 0

    def onQueryProgress(self, event):  # noqa: N802
        progress = event.progress
        if "read" in progress.observedMetrics and progress.batchId in counted:
            self.read += progress.observedMetrics["read"].events
            dropped = self.read - counted[progress.batchId]
            watermark = progress.eventTime.get("watermark")
            print(f"watermark {watermark}: {self.read:,} events, {dropped:,} dropped")

    onQueryStarted = onQueryTerminated = lambda self, event: None  # noqa: N815


def count_by_hour(spark):
    read_action = udf(formats.action, "time timestamp, user string, action string")
    source = spark.readStream.format("flume").option("landing", LANDING)
    events = source.option("maxRowsPerTrigger", 500).schema("body binary").load()
    actions = events.select(read_action("body").alias("read")).select("read.*")
    # One clock that is ahead would move the watermark for all.
    actions = actions.withColumn("time", when(expr("time < now() + INTERVAL 1 DAY"), col("time")))
    read = actions.where("time IS NOT NULL").observe("read", count(lit(1)).alias("events"))
    hours = read.withWatermark("time", "1 hour").groupBy("action", window("time", "1 hour"))
    totals = hours.count().writeStream.outputMode("update").foreachBatch(store)
    totals.option("checkpointLocation", f"{CHECKPOINT}/hours").start()
    malformed = actions.where("time IS NULL").writeStream.foreachBatch(store_malformed)
    malformed.option("checkpointLocation", f"{CHECKPOINT}/malformed").start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("late-events").getOrCreate()
    spark.streams.addListener(ShowWhatIsDropped())
    count_by_hour(spark)
    await_stop_of_queries(spark)
