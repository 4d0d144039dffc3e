# Counts by a header that an interceptor has set.
from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

ssc = StreamingContext(SparkContext(appName="headers"), 1)
events = FlumeUtils.createStream(ssc, "localhost", 9092, bodyDecoder=lambda body: body)
kept = events.map(lambda e: (e[0].get("datacenter", "?"), 1))
kept.reduceByKey(lambda a, b: a + b).pprint()
ssc.start()
ssc.awaitTermination()
