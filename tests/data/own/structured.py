# The same log as an unbounded table.
from pyspark.sql import SparkSession
from pyspark.sql.functions import regexp_extract

spark = SparkSession.builder.appName("structured").master("spark://master:7077").getOrCreate()
lines = (
    spark.readStream.format("flume")
    .options(port=9092, landing="/data/landing/access")
    .load()
    .selectExpr("cast(body as string) as line")
)
hosts = lines.groupBy(regexp_extract("line", r"^(\S+)", 1).alias("host")).count()
query = (
    hosts.writeStream.outputMode("complete").format("console")
    .option("checkpointLocation", "/data/checkpoint/access").queryName("hosts").start()
)
query.awaitTermination()
