"""Reads `format("flume")` as a client of Spark Connect; argument: JSON of the job.

    read_by_connect.py '{"remote": "sc://localhost:15002", "options": {"landing": "/tmp/log"},
                         "checkpoint": "/tmp/checkpoint", "events": 300}'

It waits until a query has that many events, and prints all that the query and the log then have.
"""

import json
import sys

from pyspark.sql import SparkSession

POLL_SECONDS = 1
job = json.loads(sys.argv[1])
builder = SparkSession.builder.remote(job["remote"])
if job["remote"].startswith("local"):
    builder = builder.config("spark.ui.enabled", "false")
spark = builder.getOrCreate()

events = spark.readStream.format("flume").options(**job["options"]).load()
writer = events.writeStream.format("memory").queryName("seen")
query = writer.option("checkpointLocation", job["checkpoint"]).start()
while spark.table("seen").count() < job["events"]:
    query.awaitTermination(POLL_SECONDS)  # raises if the query fails
query.processAllAvailable()
log = spark.read.format("flume").option("landing", job["options"]["landing"]).load()
found = {
    "query": sorted(bytes(row.body).decode() for row in spark.table("seen").collect()),
    "log": sorted(bytes(row.body).decode() for row in log.collect()),
    "imported": [name for name in sys.modules if name.startswith("pyspark_flume.")],
}

from pyspark.streaming.flume import FlumeUtils  # noqa: E402 - the client needs nothing of ours

try:
    FlumeUtils.createStream(spark, "127.0.0.1", 4141)
except Exception as error:
    found["refusal"] = str(error)
print(json.dumps(found))
query.stop()
