# Each batch as a table: the SQL word count of Spark's own guide.
from pyspark import SparkContext
from pyspark.sql import Row, SparkSession
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils


def getSparkSessionInstance(sparkConf):
    if "sparkSessionSingletonInstance" not in globals():
        globals()["sparkSessionSingletonInstance"] = (
            SparkSession.builder.config(conf=sparkConf).getOrCreate()
        )
    return globals()["sparkSessionSingletonInstance"]


def process(time, rdd):
    print("========= %s =========" % str(time))
    try:
        spark = getSparkSessionInstance(rdd.context.getConf())
        frame = spark.createDataFrame(rdd.map(lambda w: Row(ip=w)))
        frame.createOrReplaceTempView("hits")
        spark.sql("select ip, count(*) as total from hits group by ip order by total desc").show(3)
    except ValueError:
        pass  # an empty batch


sc = SparkContext(appName="SqlPerBatch")
ssc = StreamingContext(sc, 3)
hits = FlumeUtils.createStream(ssc, "0.0.0.0", 9092).map(lambda e: e[1].split(" ")[0])
hits.foreachRDD(process)
ssc.start()
ssc.awaitTermination()
