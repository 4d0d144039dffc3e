"""How often is each URL asked for? Spark reads the files itself, with no Flume in between.

    loadgen ──rename──▶ folder ◀──list── readStream.text ─▶ by URL ─▶ result store

The folder is the stream: each new file is rows of an unbounded table, and the checkpoint says which
files have been read. Files stay, so whatever fails is read again; each line counts once as the
batch's number is written with its counts. What it takes is a folder that driver and workers share,
and files that come whole, by a rename, and do not change: as Flume's spooldir source wants them.

Run it:  flumelab run from-files
Expect:  with each micro-batch the files that were new, and at last every URL's count as the
         generator knows it.
"""

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, input_file_name, regexp_extract, when

from flumelab.counts import MALFORMED
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries

FOLDER = os.environ.get("SPOOL_DIR", "spool")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))

# client identity user [time] "METHOD URL HTTP/version" status bytes "referer" "user agent"
LINE = (
    r'(?s)^\S+ \S+ [^\[]+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/[\d.]+" \d{3} (?:\d+|-)'
    r'(?: "[^"\\]*(?:\\.[^"\\]*)*" "[^"\\]*(?:\\.[^"\\]*)*")?\s*\z'
)


def store(batch, number):
    rows = batch.groupBy("file", "url").count().collect()
    for file in sorted({row.file for row in rows}):
        lines = sum(row["count"] for row in rows if row.file == file)
        print(f"batch {number}: {lines:>6,} lines of {file.rpartition('/')[2]}")
    counts = {row.url: 0 for row in rows}
    for row in rows:
        counts[row.url] += row["count"]
    RESULTS.add_batch(f"batch {number}", counts.items())


def count_urls(spark):
    # A name with a dot in front is a file that is still written.
    lines = spark.readStream.text(FOLDER, lineSep="\n")
    # A select of its own: in one, Spark would match each line twice.
    matched = lines.select(
        input_file_name().alias("file"), regexp_extract("value", LINE, 1).alias("url")
    )
    known = when(col("url") != "", col("url")).otherwise(MALFORMED)
    urls = matched.withColumn("url", known)
    urls.writeStream.foreachBatch(store).option("checkpointLocation", CHECKPOINT).start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("from-files").getOrCreate()
    count_urls(spark)
    await_stop_of_queries(spark)
