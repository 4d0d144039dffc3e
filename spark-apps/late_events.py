"""How often is each action done in each hour? By the time in the event, and with a watermark.

    actions ─▶ Flume ─▶ landing log ─▶ by action and window(time, 1 hour) ─▶ result store
                                                  watermark: 1 hour behind the latest event

A window stays open until the watermark has passed its end: until an event from an hour after its
end has arrived. Spark drops its events that arrive later still, so that it can forget its state.
Micro-batches are small here: a watermark moves between two of them, never within one.

Run it:  flumelab run late-events
Expect:  for each micro-batch, the watermark and what Spark has dropped so far; in the end, that is
         what was sent four hours late or more, but nothing that was up to a minute late. Spark
         counts rows: late events of one action and hour are one row, if one task has read them.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, expr, udf, when, window
from pyspark.sql.streaming import StreamingQueryListener

from flumelab.programs import lab, parse


def store(hours, number):
    counts = [(f"{row.window.start:%FT%TZ} {row.action}", row["count"]) for row in hours.collect()]
    lab.store.put(f"hours {number}", counts)


class ShowWatermark(StreamingQueryListener):
    events = dropped = 0

    def onQueryStarted(self, event): ...
    def onQueryTerminated(self, event): ...
    def onQueryProgress(self, event):
        for state in event.progress.stateOperators:
            self.events += event.progress.numInputRows
            self.dropped += state.numRowsDroppedByWatermark
            watermark = event.progress.eventTime["watermark"]
            print(f"watermark {watermark}: {self.events:,} events, {self.dropped:,} rows dropped")


def count_by_hour():
    spark = SparkSession.builder.appName("late-events").getOrCreate()
    spark.streams.addListener(ShowWatermark())
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.option("maxRowsPerTrigger", 500).schema("body binary").load()

    read = udf(parse.action, parse.ACTION_SCHEMA)
    actions = events.select(read("body").alias("read")).select("read.*")
    # One clock that is ahead would move the watermark, and all other events would be late.
    actions = actions.withColumn("time", when(expr("time < now() + INTERVAL 1 DAY"), col("time")))
    good = actions.where("time IS NOT NULL").withWatermark("time", "1 hour")
    hours = good.groupBy("action", window("time", "1 hour")).count()
    query = hours.writeStream.outputMode("update").foreachBatch(store)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/hours").start()
    lab.count_malformed(actions.where("time IS NULL"))


if __name__ == "__main__":
    lab.run_queries(count_by_hour)
