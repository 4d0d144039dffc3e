"""Wrong: it counts every URL.

access log ─▶ Flume ─▶ landing log ─▶ where ─▶ groupBy ─▶ count ─▶ result store
"""

from pyspark.sql import SparkSession

from flumelab.programs import columns, lab


def store(changed, number):
    rows = changed.collect()
    print(f"batch {number}: {len(rows)} rows")
    lab.store.put(number, rows)


def count_pages():
    spark = SparkSession.builder.appName("blog-table").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.schema("body string").load()

    requests = columns.with_url(events, "body").select("url")
    counts = requests.groupBy("url").count()
    query = counts.writeStream.outputMode("update").foreachBatch(store)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/pages").start()


if __name__ == "__main__":
    lab.run_queries(count_pages)
