"""How often is each URL requested? The lines come from a Kafka topic.

    loadgen ──a message a line──▶ topic, 2 partitions ◀──fetch── readStream.kafka ─▶ by URL ─▶ …

Kafka keeps each message that it has acknowledged, and numbers it: a partition and an offset in it
identify a message. Before a micro-batch runs, the checkpoint notes the offsets at which it ends, so
a batch that runs again has exactly the same messages. The store keeps a batch's number with its
counts, so each line counts once. No receiver holds a core: tasks fetch, one for each partition.

Run it:  flumelab run from-kafka
Expect:  for each micro-batch, the offsets that it has reached; in the end, the generator's count
         for each URL.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, max

from flumelab.programs import columns, lab


def store(batch, number):
    batch.persist()
    partitions = batch.groupBy("partition")
    last = partitions.agg(max("offset").alias("last"))
    rows = last.orderBy("partition").collect()
    offsets = [f"partition {row.partition} to {row.last:,}" for row in rows]
    print(f"batch {number}: {', '.join(offsets)}")
    per_url = batch.groupBy("url").count()
    lab.store.add(number, per_url.collect())
    batch.unpersist()


def count_urls():
    spark = SparkSession.builder.appName("from-kafka").getOrCreate()
    topic = {"kafka.bootstrap.servers": lab.KAFKA_SERVERS, "subscribe": lab.KAFKA_TOPIC}
    source = spark.readStream.format("kafka").options(**topic)
    # By default a query starts at the topic's end.
    messages = source.option("startingOffsets", "earliest").load()

    line = col("value").cast("string")
    urls = columns.with_url(messages, line)

    counted = urls.select("partition", "offset", "url")
    query = counted.writeStream.foreachBatch(store)
    query.option("checkpointLocation", lab.CHECKPOINT).start()


if __name__ == "__main__":
    lab.run_queries(count_urls)
