"""How often is each URL requested? Spark reads the files itself, with no Flume in between.

    loadgen ──rename──▶ folder ◀──list── readStream.text ─▶ by URL ─▶ result store

The folder is the stream: each new file adds rows to an unbounded table, and the checkpoint knows
which files have been read. Files stay, so after a failure Spark reads them again. Each line counts
once, because the store keeps a batch's number with its counts. The driver and the workers must
share the folder. Files must arrive whole, by a rename, and must not change: Flume's spooldir source
requires the same.

Run it:  flumelab run from-files
Expect:  for each micro-batch, its new files; in the end, the generator's count for each URL.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import input_file_name, substring_index

from flumelab.programs import columns, lab


def store(batch, number):
    batch.persist()
    per_file = batch.groupBy("file").count()
    rows = per_file.orderBy("file").collect()
    for file, lines in rows:
        print(f"batch {number}: {lines:>6,} lines of {file}")
    per_url = batch.groupBy("url").count()
    lab.store.add(number, per_url.collect())
    batch.unpersist()


def count_urls():
    spark = SparkSession.builder.appName("from-files").getOrCreate()
    source = spark.readStream.format("text").option("lineSep", "\n")
    # Spark skips names that start with a dot: those files are still being written.
    lines = source.load(lab.SPOOL)

    path = input_file_name()
    file = substring_index(path, "/", -1)
    named = lines.withColumn("file", file)
    urls = columns.with_url(named, "value")

    counted = urls.select("file", "url")
    query = counted.writeStream.foreachBatch(store)
    query.option("checkpointLocation", lab.CHECKPOINT).start()


if __name__ == "__main__":
    lab.run_queries(count_urls)
