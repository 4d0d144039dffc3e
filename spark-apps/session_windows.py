"""When was each user there, and how busy? Sessions, as windows that end with a silence.

    actions ─▶ Flume ─▶ landing log ─▶ by user and session_window(time, 30 minutes) ─▶ result store

What sessions.py works out by hand is a kind of window here: it opens with an event, and each event
within the gap makes it longer, whatever the order in which they come. Complete output gives all
sessions each time; with a watermark and append output it would be each one once, when it is over.

Run it:  flumelab run session-windows
Expect:  with each micro-batch the number of sessions and the busiest of them, and at last every
         session, its start, its end and its events, as the generator planted it.
"""

import os
from datetime import timedelta

from pyspark.sql import SparkSession
from pyspark.sql.functions import coalesce, col, lit, session_window, udf

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))
GAP = timedelta(minutes=30)


def as_result(row):
    start, silence = row.session_window
    if row.user == MALFORMED:
        return MALFORMED, row["count"]
    return f"{row.user} {start:%FT%TZ} {silence - GAP:%FT%TZ}", row["count"]


def store(sessions, number):
    results = [as_result(row) for row in sessions.collect()]
    busiest, events = max(results, key=lambda result: result[1])
    print(f"batch {number}: {len(results):>6,} sessions; {events} in {busiest}")
    RESULTS.replace_all(f"batch {number}", results)


def find_sessions(spark):
    read_action = udf(formats.action, "time timestamp, user string, action string")
    source = spark.readStream.format("flume").option("landing", LANDING)
    events = source.schema("body binary").load()
    actions = events.select(read_action("body").alias("read")).select("read.*")
    # A malformed line has neither user nor time: all of them are one session, of nobody.
    user, time = coalesce("user", lit(MALFORMED)), coalesce("time", lit(0).cast("timestamp"))
    sessions = actions.select(user.alias("user"), time.alias("time")).groupBy(
        col("user"), session_window("time", f"{GAP.total_seconds():.0f} seconds")
    )
    query = sessions.count().writeStream.outputMode("complete").foreachBatch(store)
    query.option("checkpointLocation", CHECKPOINT).start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("session-windows").getOrCreate()
    find_sessions(spark)
    await_stop_of_queries(spark)
