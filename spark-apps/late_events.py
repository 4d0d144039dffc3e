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
from pyspark.sql.functions import udf, window
from pyspark.sql.streaming import StreamingQueryListener

from flumelab import formats
from flumelab.counts import MALFORMED
from flumelab.results import ResultStore
from flumelab.streaming import await_stop_of_queries

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))


def store(hours, number):
    rows = hours.collect()
    counts = [(f"{row.window.start:%FT%TZ} {row.action}", row["count"]) for row in rows]
    RESULTS.put_batch(f"hours {number}", counts)


def store_malformed(batch, number):
    if count := batch.count():
        RESULTS.add_batch(f"malformed {number}", [(MALFORMED, count)])


class ShowWhatIsDropped(StreamingQueryListener):
    read = 0

    def onQueryProgress(self, event):  # noqa: N802
        if event.progress.name == "hours" and event.progress.numInputRows:
            self.read += event.progress.numInputRows
            found = RESULTS.counts()
            dropped = self.read - found.lines - found.malformed
            watermark = event.progress.eventTime.get("watermark")
            print(f"watermark {watermark}: {self.read:,} events, {dropped:,} dropped")

    def onQueryStarted(self, event):  # noqa: N802
        pass

    def onQueryTerminated(self, event):  # noqa: N802
        pass


def count_by_hour(spark):
    read_action = udf(formats.action, "time timestamp, user string, action string")
    source = spark.readStream.format("flume").option("landing", LANDING)
    events = source.option("maxRowsPerTrigger", 500).schema("body binary").load()
    actions = events.select(read_action("body").alias("read")).select("read.*")
    hours = actions.withWatermark("time", "1 hour").groupBy("action", window("time", "1 hour"))

    query = hours.count().writeStream.outputMode("update").foreachBatch(store)
    query.queryName("hours").option("checkpointLocation", f"{CHECKPOINT}/hours").start()
    malformed = actions.where("time IS NULL").writeStream.foreachBatch(store_malformed)
    malformed.option("checkpointLocation", f"{CHECKPOINT}/malformed").start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("late-events").getOrCreate()
    spark.streams.addListener(ShowWhatIsDropped())
    count_by_hour(spark)
    await_stop_of_queries(spark)
