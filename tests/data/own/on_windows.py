# Written on a Windows laptop, for Spark 2.4; it has no awaitTermination.
import os

os.environ["SPARK_HOME"] = "C:\\spark\\spark-2.4.0-bin-hadoop2.7"
os.environ["PYSPARK_PYTHON"] = "C:\\Users\\maria\\Anaconda3\\python.exe"
os.environ["PYSPARK_SUBMIT_ARGS"] = (
    "--packages org.apache.spark:spark-streaming-flume_2.11:2.4.0 pyspark-shell"
)
import findspark

findspark.init()
from pyspark import SparkConf, SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

conf = SparkConf().setMaster("local[*]").setAppName("words")
conf.set("spark.jars.packages", "org.apache.spark:spark-streaming-flume_2.11:2.4.0")
sc = SparkContext(conf=conf)
ssc = StreamingContext(sc, 1)
lines = FlumeUtils.createStream(ssc, "localhost", 41414).map(lambda e: e[1])
words = lines.flatMap(lambda line: line.split(" "))
words.map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b).pprint()
ssc.start()
