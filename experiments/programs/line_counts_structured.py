"""How often is each line counted? With a receiver of its own and a landing log (Structured).

    access log ─▶ Flume ─▶ receiver ─▶ landing log ─▶ by line ─▶ result store

A key is a line, so the store shows exactly which lines are missing and which came twice. The
program also notes what each micro-batch had, for the picture of `flumelab experiment`.

Run it:  flumelab experiment run lost-ok-exactly-once
Expect:  the lines that were lost and those that were counted twice, beside your prediction.
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import md5, substring

from flumelab.experiments import micro_batches
from flumelab.experiments.truth import KEY_CHARACTERS
from flumelab.programs import lab


def count(batch, number):
    rows = batch.groupBy("line").count().collect()
    micro_batches.note("batch", number, rows)
    lab.store.add(lab.batch_name(batch, number), rows)
    micro_batches.note("stored", number)


def count_lines():
    spark = SparkSession.builder.appName("line-counts").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.schema("body binary").load()
    lines = events.select(substring(md5("body"), 1, KEY_CHARACTERS).alias("line"))
    query = lines.writeStream.foreachBatch(count)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/lines").start()


if __name__ == "__main__":
    lab.run_queries(count_lines)
