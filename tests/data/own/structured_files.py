# Reads each file of a folder once, as a structured query.
from pyspark.sql import SparkSession
from pyspark.sql.functions import split

spark = SparkSession.builder.master("yarn").appName("LogFiles").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", 2)
lines = spark.readStream.text("hdfs:///user/maria_dev/logs")
hosts = lines.groupBy(split(lines.value, " ")[0].alias("host")).count()
query = (
    hosts.writeStream.outputMode("complete")
    .option("checkpointLocation", "hdfs:///user/maria_dev/checkpoint")
    .format("console")
    .queryName("hosts")
    .start()
)
query.awaitTermination()
spark.stop()
