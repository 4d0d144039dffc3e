"""A batch query on a cluster; arguments: the master and the landing log. Prints how many events."""

import sys

from pyspark.sql import SparkSession

master, landing = sys.argv[1:]
builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
spark = builder.config("spark.executor.memory", "512m").getOrCreate()
events = spark.read.format("flume").option("landing", landing).load()
print("events:", events.selectExpr("count(body)").first()[0])
