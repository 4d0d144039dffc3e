# The same as a structured query, with a second query that connects by itself.
from pyspark.sql import SparkSession
from pyspark.sql.functions import regexp_extract

spark = SparkSession.builder.appName("StructuredNetworkCount").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", 2)
lines = (
    spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
)
status = lines.select(regexp_extract("value", r'" (\d{3}) ', 1).alias("status"))
counts = status.groupBy("status").count().writeStream.outputMode("complete")
query = counts.format("console").queryName("counts").start()
lines.writeStream.format("noop").queryName("kept").start()
query.awaitTermination()
