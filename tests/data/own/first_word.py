# Fails at an empty line.
from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

ssc = StreamingContext(SparkContext(appName="first-word"), 1)
lines = FlumeUtils.createStream(ssc, "localhost", 9092).map(lambda event: event[1])
lines.map(lambda line: (line.split()[0], 1)).reduceByKey(lambda a, b: a + b).pprint()
ssc.start()
ssc.awaitTermination()
