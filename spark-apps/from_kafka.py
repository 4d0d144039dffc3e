"""How often is each URL asked for? The lines come from a Kafka topic.

    loadgen ──a message a line──▶ topic, 2 partitions ◀──fetch── readStream.kafka ─▶ by URL ─▶ …

Kafka keeps what it has answered for, and numbers it: a message is known by its partition and its
offset there. Spark's checkpoint says up to which offsets a micro-batch goes before it runs, so that
one that runs again has the very same messages; and with the batch's number written beside its
counts, each line counts once. No receiver holds a core: tasks fetch, one for each partition.

Run it:  flumelab run from-kafka
Expect:  with each micro-batch the offsets that it has come to, and at last every URL's count as the
         generator knows it.
"""

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, max, regexp_extract, when

from flumelab.counts import MALFORMED
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

SERVERS = os.environ.get("KAFKA_SERVERS", "localhost:9092")
TOPIC = os.environ.get("KAFKA_TOPIC", "lines")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

# client identity user [time] "METHOD URL HTTP/version" status bytes "referer" "user agent"
LINE = (
    r'(?s)^\S+ \S+ [^\[]+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/[\d.]+" \d{3} (?:\d+|-)'
    r'(?: "[^"\\]*(?:\\.[^"\\]*)*" "[^"\\]*(?:\\.[^"\\]*)*")?\s*\z'
)


def store(batch, number):
    batch.persist()
    rows = (
        batch.groupBy("partition").agg(max("offset").alias("last")).orderBy("partition").collect()
    )
    print(f"batch {number}: " + ", ".join(f"partition {r.partition} to {r.last:,}" for r in rows))
    RESULTS.add_batch(f"batch {number}", batch.groupBy("url").count().collect())
    batch.unpersist()


def count_urls(spark):
    source = spark.readStream.format("kafka").option("kafka.bootstrap.servers", SERVERS)
    # A topic is read from its end unless it is said otherwise.
    messages = source.option("subscribe", TOPIC).option("startingOffsets", "earliest").load()
    url = regexp_extract(col("value").cast("string"), LINE, 1)
    # A select of its own: in one, Spark would match each line twice.
    matched = messages.select("partition", "offset", url.alias("url"))
    known = when(col("url") != "", col("url")).otherwise(MALFORMED)
    urls = matched.withColumn("url", known)
    query = urls.writeStream.foreachBatch(RESULTS.patient(store))
    query.option("checkpointLocation", CHECKPOINT).start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("from-kafka").getOrCreate()
    count_urls(spark)
    await_stop_of_queries(spark)
