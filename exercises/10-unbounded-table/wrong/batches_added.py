"""Wrong: each micro-batch is counted alone, and the store adds up.

access log ─▶ Flume ─▶ landing log ─▶ where ─▶ result store
"""

from pyspark.sql import SparkSession

from flumelab.programs import columns, lab


def store(pages, number):
    rows = pages.groupBy("url").count().collect()
    print(f"batch {number}: {len(rows)} rows")
    lab.store.add(number, rows)


def count_pages():
    spark = SparkSession.builder.appName("blog-table").getOrCreate()
    source = spark.readStream.format("flume").option("landing", lab.LANDING)
    events = source.schema("body string").load()

    requests = columns.with_url(events, "body").select("url")
    pages = requests.where("url LIKE '/blog/%'")
    query = pages.writeStream.outputMode("append").foreachBatch(store)
    query.option("checkpointLocation", f"{lab.CHECKPOINT}/pages").start()


if __name__ == "__main__":
    lab.run_queries(count_pages)
