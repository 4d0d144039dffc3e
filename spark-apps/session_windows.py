"""When was each user there, and how busy? Sessions, as windows that end with a silence.

    actions ─▶ Flume ─▶ landing log ─▶ by user and session_window(time, 30 minutes) ─▶ result store

What sessions.py works out by hand is a kind of window here. It opens with an event, and each event
within the gap extends it, in whatever order the events arrive. Complete output gives all sessions
each time; with a watermark, append output would give each session once, when it is over.

Run it:  flumelab run session-windows
Expect:  for each micro-batch, the number of sessions and the busiest of them; in the end, every
         session with the start, the end and the events that the generator planted.
"""

from datetime import timedelta

from pyspark.sql import SparkSession
from pyspark.sql.functions import coalesce, col, lit, session_window, udf

from flumelab.programs import lab, parse

GAP = timedelta(minutes=30)


def as_result(row):
    start, silence = row.session_window
    if row.user == parse.MALFORMED:
        return parse.MALFORMED, row["count"]
    return f"{row.user} {start:%FT%TZ} {silence - GAP:%FT%TZ}", row["count"]


def store(sessions, number):
    results = [as_result(row) for row in sessions.collect()]
    busiest, events = max(results, key=lambda result: result[1])
    print(f"batch {number}: {len(results):>6,} sessions; {events} in {busiest}")
    lab.store.replace_all(number, results)


def find_sessions():
    spark = SparkSession.builder.appName("session-windows").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.schema("body binary").load()
    read = udf(parse.action, parse.ACTION_SCHEMA)
    actions = events.select(read("body").alias("read")).select("read.*")
    # A malformed line has neither user nor time: together they form one session without a user.
    user = coalesce("user", lit(parse.MALFORMED)).alias("user")
    time = coalesce("time", lit(0).cast("timestamp")).alias("time")
    sessions = actions.select(user, time).groupBy(
        col("user"), session_window("time", f"{GAP.total_seconds():.0f} seconds")
    )
    query = sessions.count().writeStream.outputMode("complete").foreachBatch(store)
    query.option("checkpointLocation", lab.CHECKPOINT).start()


if __name__ == "__main__":
    lab.run_queries(find_sessions)
