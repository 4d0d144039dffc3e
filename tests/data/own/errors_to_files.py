# Keeps the lines of failed requests in files.
from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

sc = SparkContext(appName="errors")
ssc = StreamingContext(sc, 2)
lines = FlumeUtils.createStream(ssc, "localhost", 9092).map(lambda e: e[1])
failed = lines.filter(lambda line: '" 404 ' in line or '" 500 ' in line)
failed.saveAsTextFiles("/user/cloudera/errors/part")
ssc.start()
ssc.awaitTermination()
